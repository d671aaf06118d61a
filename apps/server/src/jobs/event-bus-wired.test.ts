import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { JobNotice } from "./event-bus.ts";
import { createWiredEventBus, type NoticeWire } from "./event-bus-wired.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp() {
  const sent: JobNotice[] = [];
  const listened: string[] = [];
  const wire: NoticeWire = {
    send: (_jobId, text) => sent.push((JSON.parse(text) as { notice: JobNotice }).notice),
    listen: (jobId) => listened.push(`+${jobId}`),
    unlisten: (jobId) => listened.push(`-${jobId}`),
  };
  return { sent, listened, bus: createWiredEventBus(() => wire) };
}

const progress = (value: number): JobNotice => ({ type: "progress", value });

it("tells the other processes of a job that ends at once in one text", () => {
  const { bus, sent } = setUp();
  for (const type of ["queued", "running", "finished"] as const) bus.publish("a", { type });
  vi.runAllTimers();
  expect(sent).toEqual([{ type: "finished" }]);
});

it("sends the newest of what came close together, and nothing twice", () => {
  const { bus, sent } = setUp();
  for (const notice of [{ type: "running" } as const, progress(0.1), progress(0.2)]) bus.publish("a", notice);
  expect(sent).toEqual([]);
  vi.runAllTimers();
  expect(sent).toEqual([{ type: "running" }, progress(0.2)]);
  bus.publish("a", progress(0.3));
  vi.runAllTimers();
  expect(sent.slice(2)).toEqual([progress(0.3)]);
});

it("sends a cancel at once, behind what was told before", () => {
  const { bus, sent } = setUp();
  bus.publish("a", { type: "running" });
  bus.publish("b", { type: "running" });
  bus.publish("a", { type: "cancel_requested" });
  expect(sent).toEqual([{ type: "running" }, { type: "cancel_requested" }]);
});

it("takes the wire for a patient listener only when the job goes on", () => {
  const { bus, listened } = setUp();
  bus.subscribe("short", () => {}, { isPatient: true })();
  const stop = bus.subscribe("long", () => {}, { isPatient: true });
  vi.runAllTimers();
  expect(listened).toEqual(["+long"]);
  stop();
  stop();
  expect(listened).toEqual(["+long", "-long"]);
});

it("takes the wire at once, and once, for whoever has no other way to learn", () => {
  const { bus, listened } = setUp();
  const stops = [
    bus.subscribe("a", () => {}, { isPatient: true }),
    bus.subscribe("a", () => {}),
    bus.subscribe("a", () => {}),
  ];
  expect(listened).toEqual(["+a"]);
  vi.runAllTimers();
  for (const stop of stops) stop();
  expect(listened).toEqual(["+a", "-a"]);
});
