import { describe, expect, test } from "vitest";
import { attempt, type Script, setUpRun } from "../../test/jobs/run-set-up.ts";

const succeed: Script = () => ({ type: "succeeded", files: [] });
const die: Script = (options) => {
  options.onRunning?.();
  return { type: "lost", cause: "backend_died", message: "The renderer was restarted." };
};
const vanish: Script = () => ({ type: "lost", cause: "vanished", message: "It forgot the prompt." });
const runOut: Script = () => ({ type: "out_of_memory", message: "It ran out of memory." });

describe("how often a job is tried", () => {
  test("a job that took two backends down is given to no third one", async () => {
    const { done, run } = setUpRun({ backends: { a: [die], b: [die], c: [succeed] } });
    await run();
    expect(done.filter((line) => line.includes("rendered"))).toEqual(["a rendered: lost", "b rendered: lost"]);
    expect(done.at(-1)).toBe("ended: failed backend_crashed, refunded");
  });

  test("deaths are counted over workers: the second one ends it, though another process saw the first", async () => {
    const pastAttempts = [{ n: 1, backendId: "a", state: "lost", cause: "backend_died" }] as const;
    const { done, run } = setUpRun({ backends: { a: [succeed], b: [die] }, claimed: { pastAttempts } });
    await run();
    expect(done.slice(-2)).toEqual(["lost: backend_died", "ended: failed backend_crashed, refunded"]);
  });

  test("a backend that dies of the prompt before it is not held against a prompt that never ran", async () => {
    const { done, run } = setUpRun({
      backends: { a: [() => ({ type: "lost", cause: "backend_died", message: "It was restarted." }), succeed] },
      acquire: (_, take) => ({ ...take("a"), isAhead: true }),
    });
    await run();
    expect(done.filter((line) => line.startsWith("lost"))).toEqual(["lost: vanished"]);
    expect(done.at(-1)).toBe("ended: complete");
  });

  test("three attempts are made, and no fourth", async () => {
    const { done, run } = setUpRun({ backends: { a: [vanish] } });
    await run();
    expect(done.filter((line) => line === "a rendered: lost")).toHaveLength(3);
    expect(done.at(-1)).toBe("ended: failed backend_crashed, refunded");
  });

  test("attempts that were taken back before they ran count for nothing", async () => {
    const pastAttempts = [1, 2, 3].map(
      (n) => ({ n, backendId: "a", state: "superseded", cause: "interrupted" }) as const,
    );
    const { done, run } = setUpRun({ backends: { a: [vanish, succeed] }, claimed: { pastAttempts } });
    await run();
    expect(done.at(-1)).toBe("ended: complete");
  });

  test("out of memory frees the backend and prefers another one", async () => {
    const { done, run } = setUpRun({ backends: { a: [runOut], b: [succeed] } });
    await run();
    expect(done.filter((line) => !line.includes("released"))).toEqual([
      "a rendered: out_of_memory",
      "a freed",
      "lost: out_of_memory",
      "b rendered: succeeded",
      "ended: complete",
    ]);
  });

  test("an interrupt that nobody here asked for is no reason to fail the job", async () => {
    const { done, run } = setUpRun({ backends: { a: [() => ({ type: "interrupted", isSettled: true }), succeed] } });
    await run();
    expect(done).toContain("lost: interrupted");
    expect(done.at(-1)).toBe("ended: complete");
  });
});

describe("a lease", () => {
  test("is looked at in the moment before the request leaves: one that ended sends nothing", async () => {
    const setUp = setUpRun({
      backends: { a: [succeed] },
      changes: {
        stageInputs: async () => {
          queueMicrotask(() => Object.assign(setUp.lease, { current: undefined }));
          return {};
        },
      },
    });
    await setUp.run();
    expect(setUp.done.filter((line) => line.includes("rendered"))).toEqual([]);
    expect(setUp.done.at(-1)).toBe("postponed by 0: Its worker let go of it.");
  });

  test("that is lost while inputs are brought to the backend lets go of the job, which has not failed by that", async () => {
    const setUp = setUpRun({
      backends: { a: [succeed] },
      changes: {
        stageInputs: (_backend, _inputs, signal) =>
          new Promise((_, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason));
            setUp.lost.abort(new Error("It was given back, or taken over."));
          }),
      },
    });
    await setUp.run();
    expect(setUp.done).toEqual(["a released", "postponed by 0: Its worker let go of it."]);
  });

  test("that is lost in the middle of a render lets go of the prompt, which the next owner goes on with at once", async () => {
    const setUp = setUpRun({
      backends: {
        a: [
          ({ detach }) =>
            new Promise((resolve) => {
              detach.addEventListener("abort", () => resolve({ type: "detached" }));
              setUp.lost.abort();
            }),
        ],
      },
    });
    await setUp.run();
    expect(setUp.done).toEqual(["a rendered: detached", "a released", "renewed for 0"]);
  });
});

describe("an attempt that an earlier worker left", () => {
  test("takes a place like any other while it is gone on with", async () => {
    const { done, run } = setUpRun({ backends: { a: [succeed] }, claimed: { liveAttempt: attempt() } });
    await run();
    expect(done).toEqual(["a occupied", "a resumed: succeeded", "a released", "ended: complete"]);
  });

  test("on a backend that left the configuration is waited for two minutes, then made anew elsewhere", async () => {
    const liveAttempt = attempt({ backendId: "gone" });
    const { done, run, clock } = setUpRun({ backends: { a: [succeed] }, claimed: { liveAttempt } });
    await run();
    clock.advance(119_000);
    await run();
    expect(done).toEqual(Array(2).fill("postponed by 1000: Its backend gone is not configured any more."));
    clock.advance(1_000);
    await run();
    expect(done.slice(2)).toEqual(["lost: unreachable", "a rendered: succeeded", "a released", "ended: complete"]);
  });
});

describe("draining", () => {
  test("takes a prompt that waits behind another out of its backend's queue, and gives the job back", async () => {
    const setUp = setUpRun({
      backends: {
        a: [
          ({ signal }) =>
            new Promise((resolve) => {
              signal.addEventListener("abort", () => resolve({ type: "interrupted", isSettled: true }));
              setUp.recall.abort();
            }),
        ],
      },
      acquire: (_, take) => ({ ...take("a"), isAhead: true }),
    });
    await setUp.run();
    expect(setUp.done.slice(-2)).toEqual(["superseded: interrupted", "postponed by 0: Its worker let go of it."]);
  });

  test("lets a prompt that runs come to its end", async () => {
    const setUp = setUpRun({
      backends: {
        a: [
          async (options) => {
            options.onRunning?.();
            setUp.recall.abort();
            return options.signal.aborted ? { type: "interrupted", isSettled: true } : { type: "succeeded", files: [] };
          },
        ],
      },
      acquire: (_, take) => ({ ...take("a"), isAhead: true }),
    });
    await setUp.run();
    expect(setUp.done.at(-1)).toBe("ended: complete");
  });

  test("gives a job that has no backend yet back at once", async () => {
    const { done, run, recall } = setUpRun({ backends: { a: [succeed] } });
    recall.abort();
    await run();
    expect(done).toEqual(["postponed by 0: Its worker let go of it."]);
  });
});
