import { expect, test } from "vitest";
import { sampleJob } from "../../test/sample-job.ts";
import { silentLog } from "../log.ts";
import { createMemoryEventBus } from "./event-bus-memory.ts";
import type { Job } from "./job.ts";
import { createJobWatcher } from "./watch-jobs.ts";

const running = (id: string): Job => sampleJob({ id });

function setUp(tickMs = 60_000) {
  const rows = new Map<string, Job>();
  const reads: number[] = [];
  const events = createMemoryEventBus();
  const watcher = createJobWatcher({
    events,
    log: silentLog,
    tickMs,
    jobs: {
      async findMany(ids) {
        reads.push(ids.length);
        return ids.flatMap((id) => rows.get(id) ?? []);
      },
    },
  });
  const end = (id: string) => rows.set(id, { ...running(id), state: "complete" });
  const forever = new AbortController().signal;
  return { rows, reads, events, watcher, end, forever };
}

test("a notice makes it look, and what the database says counts", async () => {
  const { rows, events, watcher, end, forever } = setUp();
  rows.set("a", running("a"));
  const waiting = watcher.waitForEnding("a", { timeoutMs: 5_000, signal: forever });
  end("a");
  events.publish("a", { type: "finished" });
  expect((await waiting)?.state).toBe("complete");
});

test("an ending that no notice told of is found by the tick", async () => {
  const { rows, watcher, end, forever } = setUp(10);
  rows.set("a", running("a"));
  const waiting = watcher.waitForEnding("a", { timeoutMs: 5_000, signal: forever });
  setTimeout(() => end("a"), 30);
  expect((await waiting)?.state).toBe("complete");
});

test("a job that had ended before is told of at once", async () => {
  const { watcher, end, forever } = setUp();
  end("a");
  expect((await watcher.waitForEnding("a", { timeoutMs: 5_000, signal: forever }))?.id).toBe("a");
});

test("the time running out gives undefined and leaves nothing behind", async () => {
  const { rows, reads, watcher, forever } = setUp(10);
  rows.set("a", running("a"));
  expect(await watcher.waitForEnding("a", { timeoutMs: 30, signal: forever })).toBeUndefined();
  const before = reads.length;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(reads.length).toBe(before);
});

test("an abort gives undefined", async () => {
  const { rows, watcher } = setUp();
  rows.set("a", running("a"));
  const control = new AbortController();
  const waiting = watcher.waitForEnding("a", { timeoutMs: 5_000, signal: control.signal });
  control.abort();
  expect(await waiting).toBeUndefined();
});

test("a hundred waiters cost one read per tick", async () => {
  const { rows, reads, watcher, end, forever } = setUp(20);
  const ids = Array.from({ length: 100 }, (_, index) => `job-${index}`);
  for (const id of ids) rows.set(id, running(id));
  const waiting = ids.map((id) => watcher.waitForEnding(id, { timeoutMs: 5_000, signal: forever }));
  await expect.poll(() => reads.includes(100)).toBe(true);
  for (const id of ids) end(id);
  const ended = await Promise.all(waiting);
  expect(ended.every((job) => job?.state === "complete")).toBe(true);
  expect(reads.length).toBeLessThan(20);
});

test("a read that fails is tried again at the next tick", async () => {
  const events = createMemoryEventBus();
  let isAway = true;
  const watcher = createJobWatcher({
    events,
    log: silentLog,
    tickMs: 10,
    jobs: {
      async findMany() {
        if (isAway) throw new Error("the database is away");
        return [{ ...running("a"), state: "failed" }];
      },
    },
  });
  const waiting = watcher.waitForEnding("a", { timeoutMs: 5_000, signal: new AbortController().signal });
  setTimeout(() => {
    isAway = false;
  }, 30);
  expect((await waiting)?.state).toBe("failed");
});
