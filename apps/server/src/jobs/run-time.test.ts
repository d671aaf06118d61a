import { describe, expect, test } from "vitest";
import { type Script, setUpRun } from "../../test/jobs/run-set-up.ts";
import { AppError } from "../errors.ts";

const succeed: Script = () => ({ type: "succeeded", files: [] });

describe("the time that a job takes of a backend", () => {
  const toScript =
    (advance: (ms: number) => void): Script =>
    (options) => {
      advance(30_000);
      options.onRunning?.();
      advance(10_000);
      return { type: "succeeded", files: [] };
    };

  test("runs from when the backend began with it until it was done, not while it waits there or for our store", async () => {
    const setUp = setUpRun({
      backends: { a: [(options) => toScript(setUp.clock.advance)(options)] },
      changes: {
        storeOutputs: async () => {
          setUp.clock.advance(100_000);
          return [];
        },
      },
    });
    await setUp.run();
    expect(setUp.spans).toEqual([{ attemptId: expect.any(String), beganAgoMs: 110_000, endedAgoMs: 100_000 }]);
  });

  test("is written down when its outputs could not be stored: who goes on with it has not seen it run", async () => {
    const setUp = setUpRun({
      backends: { a: [(options) => toScript(setUp.clock.advance)(options)] },
      changes: { storeOutputs: () => Promise.reject(new AppError("unavailable", "The disk is full.")) },
    });
    await setUp.run();
    expect(setUp.spans).toEqual([{ attemptId: expect.any(String), beganAgoMs: 10_000, endedAgoMs: 0 }]);
    expect(setUp.done.at(-1)).toBe("postponed by 5000: The disk is full.");
  });

  test("is written down when the prompt is let go of while it runs", async () => {
    const setUp = setUpRun({
      backends: {
        a: [
          (options) => {
            options.onRunning?.();
            setUp.clock.advance(10_000);
            setUp.lost.abort();
            return { type: "detached" };
          },
        ],
      },
    });
    await setUp.run();
    expect(setUp.spans).toEqual([{ attemptId: expect.any(String), beganAgoMs: 10_000 }]);
  });
});

test("what no backend here can do is remembered and left to others", async () => {
  const none = { type: "none", reason: "not_owned", message: "Another worker has the renderers." } as const;
  const { done, unfit, run } = setUpRun({ backends: {}, acquire: () => none });
  await run();
  expect(unfit).toEqual([expect.stringMatching(/^image\/.+/)]);
  expect(done).toEqual(["postponed by 0: Another worker has the renderers."]);
});

test("that outputs are collected is only written when it takes longer than a second", async () => {
  const stored = Promise.withResolvers<[]>();
  const slow = setUpRun({ backends: { a: [succeed] }, changes: { storeOutputs: () => stored.promise } });
  const running = slow.run();
  await expect.poll(() => slow.done, { timeout: 5_000 }).toContain("is collecting");
  stored.resolve([]);
  await running;
  const quick = setUpRun({ backends: { a: [succeed] } });
  await quick.run();
  expect(quick.done).not.toContain("is collecting");
  expect(quick.phases).toEqual(["preparing", "rendering", "collecting"]);
});

test("that a prompt arrived is only written when its render takes longer than a second", async () => {
  const ended = Promise.withResolvers<void>();
  const slow = setUpRun({
    backends: {
      a: [
        async ({ onAccepted }) => {
          await onAccepted();
          await ended.promise;
          return { type: "succeeded", files: [] };
        },
      ],
    },
  });
  const running = slow.run();
  await expect.poll(() => slow.done, { timeout: 5_000 }).toContain("acked");
  ended.resolve();
  await running;
  expect(slow.done.at(-1)).toBe("ended: complete");
});
