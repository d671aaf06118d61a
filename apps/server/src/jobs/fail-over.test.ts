import { expect, test } from "vitest";
import { attempt, type Script, setUpRun } from "../../test/jobs/run-set-up.ts";

const succeed: Script = () => ({ type: "succeeded", files: [] });
const leave: Script = () => ({ type: "unreachable", message: "It has not answered for 120 seconds." });
const none = { type: "none", reason: "unreachable", message: "No renderer can be reached." } as const;

test("a backend that stays away loses its job to another one", async () => {
  const { done, run } = setUpRun({ backends: { a: [leave], b: [succeed] }, isReachable: (id) => id !== "a" });
  await run();
  expect(done.filter((line) => !line.includes("released"))).toEqual([
    "a rendered: unreachable",
    "lost: unreachable",
    "b rendered: succeeded",
    "ended: complete",
  ]);
});

test("a backend that is back before the next attempt is sent goes on with the one it has", async () => {
  let isBack = false;
  const { done, run } = setUpRun({
    backends: { a: [leave, succeed] },
    isReachable: () => isBack,
    acquire: (avoid, take) => {
      if (avoid.length === 0) return take("a");
      isBack = true;
      return none;
    },
  });
  await run();
  expect(done.filter((line) => !line.includes("released"))).toEqual([
    "a rendered: unreachable",
    "a occupied",
    "a resumed: succeeded",
    "ended: complete",
  ]);
});

test("a place that is found on the very backend that was away is used to go on, not to begin anew", async () => {
  const liveAttempt = attempt();
  const { done, run } = setUpRun({
    backends: { a: [leave, succeed] },
    claimed: { liveAttempt },
    isReachable: () => false,
    acquire: (_, take) => take("a"),
  });
  await run();
  expect(done).toContain("a resumed: succeeded");
  expect(done.filter((line) => line.startsWith("lost"))).toEqual([]);
});

test("a job that only another process could go on with is passed on", async () => {
  const { done, unfit, run } = setUpRun({
    backends: { a: [leave] },
    isReachable: () => false,
    acquire: (avoid, take) => (avoid.length === 0 ? take("a") : { ...none, reason: "not_owned" }),
  });
  await run();
  expect(done.slice(-2)).toEqual(["lost: unreachable", "postponed by 0: It has not answered for 120 seconds."]);
  expect(unfit).toHaveLength(1);
});

test("while it waits for a backend to come back, a shutdown leaves the prompt to the next process", async () => {
  const setUp = setUpRun({
    backends: { a: [leave] },
    isReachable: () => false,
    acquire: (avoid, take) => {
      if (avoid.length === 0) return take("a");
      setUp.detach.abort();
      return none;
    },
  });
  await setUp.run();
  expect(setUp.done.at(-1)).toBe("renewed for 0");
});
