import { type JobProgress, previewLengthMax } from "@comfy/contracts";
import { expect, onTestFinished, test, vi } from "vitest";
import { createManualClock } from "../../test/manual-clock.ts";
import type { JobNotice } from "./event-bus.ts";
import { createMemoryEventBus } from "./event-bus-memory.ts";
import { createPreviewReport, createProgressReport } from "./report-progress.ts";

const lease = { jobId: "job", epoch: 1 };

function setUp(start = 0) {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const clock = createManualClock();
  const events = createMemoryEventBus();
  const told: JobNotice[] = [];
  events.subscribe("job", (notice) => told.push(notice));
  const saved: JobProgress[] = [];
  const jobs = {
    async saveProgress(_lease: unknown, progress: JobProgress) {
      saved.push(progress);
    },
  };
  const pass = (ms: number) => {
    clock.advance(ms);
    vi.advanceTimersByTime(ms);
  };
  const progress = createProgressReport(lease, start, { jobs, events, clock });
  const end = () => progress[Symbol.dispose]();
  return { told, saved, pass, report: progress.report, end, events, clock };
}

test("a hundred steps a second are told five times a second and written once a second", () => {
  const { told, saved, pass, report } = setUp();
  for (let step = 1; step <= 200; step++) {
    report({ value: step / 200 });
    pass(10);
  }
  expect(told.length).toBeGreaterThanOrEqual(9);
  expect(told.length).toBeLessThanOrEqual(11);
  expect(saved).toHaveLength(2);
});

test("the last step of a burst is told, however long the silence after it", () => {
  const { told, pass, report } = setUp();
  for (const step of [1, 2, 3]) report({ value: step / 10, step, steps: 10 });
  pass(60_000);
  expect(told.at(-1)).toEqual({ type: "progress", value: 0.3, step: 3, steps: 10 });
});

test("a render that ends within a second is told at once and written never; nothing is told after its end", () => {
  const { told, saved, pass, report, end } = setUp();
  for (const value of [0.2, 0.6, 1]) report({ value });
  end();
  pass(60_000);
  expect(told).toEqual([{ type: "progress", value: 0.2 }]);
  expect(saved).toEqual([]);
});

test("the newest step is written within a second, however long the silence after it", () => {
  const { saved, pass, report } = setUp();
  for (const value of [0.2, 0.6]) report({ value });
  pass(1_000);
  expect(saved).toEqual([{ value: 0.6 }]);
});

test("progress does not go down, not from what an earlier attempt had told either", () => {
  const { told, pass, report } = setUp(0.6);
  report({ value: 0.1 });
  pass(1_000);
  report({ value: 0.7 });
  pass(1_000);
  report({ value: 0.65 });
  pass(1_000);
  expect(told).toMatchObject([{ value: 0.6 }, { value: 0.7 }, { value: 0.7 }]);
});

test("previews are told once a second at most, and never larger than 64 kB", () => {
  const { told, pass, events, clock } = setUp();
  const preview = createPreviewReport(lease, { events, clock });
  const bytes = Uint8Array.of(1, 2, 3);
  preview({ mediaType: "image/jpeg", bytes });
  pass(500);
  preview({ mediaType: "image/jpeg", bytes });
  pass(500);
  preview({ mediaType: "image/jpeg", bytes: new Uint8Array(previewLengthMax) });
  preview({ mediaType: "image/png", bytes });
  expect(told).toEqual([
    { type: "preview", mediaType: "image/jpeg", data: "AQID" },
    { type: "preview", mediaType: "image/png", data: "AQID" },
  ]);
});
