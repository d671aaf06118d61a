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

test("all parts drain together, and every one has stopped taking work before the first drains", async () => {
  const steps: string[] = [];
  const lifecycle = createLifecycle({ log: silentLog, drainTimeoutMs: 5_000 });
  const isDone = Promise.withResolvers<void>();
  lifecycle.add({
    name: "worker",
    quiesce: () => void steps.push("worker takes no more"),
    async drain() {
      steps.push("worker drains");
      isDone.resolve();
    },
  });
  // Who waits for a job is served only while jobs still end.
  lifecycle.add({
    name: "http",
    quiesce: () => void steps.push("http takes no more"),
    async drain() {
      steps.push("http drains");
      await isDone.promise;
      steps.push("http is done");
    },
  });
  await lifecycle.start();
  await lifecycle.shutDown();
  expect(steps).toEqual(["http takes no more", "worker takes no more", "http drains", "worker drains", "http is done"]);
});

test("a part that throws while it stops keeps no other from stopping", async () => {
  const { steps, part } = recorder();
  const lifecycle = createLifecycle({ log: silentLog, drainTimeoutMs: 20 });
  lifecycle.add(part("database"));
  lifecycle.add({
    name: "queue",
    stop() {
      throw new Error("not even a promise");
    },
  });
  await lifecycle.start();
  await lifecycle.shutDown();
  expect(steps).toContain("stop database");
});
