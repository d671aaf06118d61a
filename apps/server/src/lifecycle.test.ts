import { expect, test } from "vitest";
import { createLifecycle } from "./lifecycle.ts";
import { silentLog } from "./log.ts";

function recorder() {
  const steps: string[] = [];
  const part = (name: string) => ({
    name,
    start: async () => void steps.push(`start ${name}`),
    drain: async () => void steps.push(`drain ${name}`),
    stop: async () => void steps.push(`stop ${name}`),
  });
  return { steps, part };
}

test("parts start in order and drain, then stop, in reverse", async () => {
  const { steps, part } = recorder();
  const lifecycle = createLifecycle({ log: silentLog, drainTimeoutMs: 1_000 });
  lifecycle.add(part("database"));
  lifecycle.add(part("http"));
  await lifecycle.start();
  await lifecycle.shutDown();
  expect(steps).toEqual(["start database", "start http", "drain http", "drain database", "stop http", "stop database"]);
});

test("a part that never drains is stopped at the deadline", async () => {
  const { steps, part } = recorder();
  const lifecycle = createLifecycle({ log: silentLog, drainTimeoutMs: 20 });
  lifecycle.add({ ...part("stuck"), drain: () => new Promise(() => {}) });
  await lifecycle.start();
  await lifecycle.shutDown();
  expect(steps).toContain("stop stuck");
});

test("a failed start stops what had started and gives the reason", async () => {
  const { steps, part } = recorder();
  const lifecycle = createLifecycle({ log: silentLog, drainTimeoutMs: 20 });
  lifecycle.add(part("database"));
  lifecycle.add({ name: "http", start: () => Promise.reject(new Error("port taken")) });
  await expect(lifecycle.start()).rejects.toThrow("port taken");
  expect(steps).toContain("stop database");
});

test("a second shutdown waits for the first", async () => {
  const { steps, part } = recorder();
  const lifecycle = createLifecycle({ log: silentLog, drainTimeoutMs: 100 });
  lifecycle.add(part("http"));
  await lifecycle.start();
  await Promise.all([lifecycle.shutDown(), lifecycle.shutDown()]);
  expect(steps.filter((step) => step === "stop http")).toHaveLength(1);
  expect(lifecycle.isDraining).toBe(true);
});
