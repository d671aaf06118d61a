import { expect, test } from "vitest";
import { silentLog } from "../log.ts";
import { createLoop } from "./loop.ts";

function counted(run: (count: number) => Promise<boolean>) {
  const state = { count: 0 };
  const loop = createLoop({
    name: "test",
    everyMs: 60_000,
    log: silentLog,
    run: () => {
      state.count += 1;
      return run(state.count);
    },
  });
  return { state, loop };
}

test("a knock that comes while it runs makes it run once more, however many knocks there were", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { state, loop } = counted(async (count) => {
    if (count === 1) await promise;
    return false;
  });
  loop.start();
  loop.knock();
  loop.knock();
  resolve();
  await expect.poll(() => state.count).toBe(2);
  await loop.stop();
  expect(state.count).toBe(2);
});

test("it goes on at once while there is more to do", async () => {
  const { state, loop } = counted(async (count) => count < 5);
  loop.start();
  await expect.poll(() => state.count).toBe(5);
  await loop.stop();
});

test("a run that throws is no reason to stop", async () => {
  const { state, loop } = counted(() => Promise.reject(new Error("the database is away")));
  loop.start();
  await expect.poll(() => state.count).toBe(1);
  loop.knock();
  await expect.poll(() => state.count).toBe(2);
  await loop.stop();
});

test("nothing runs before the start or after the stop", async () => {
  const { state, loop } = counted(async () => false);
  loop.knock();
  expect(state.count).toBe(0);
  await loop.stop();
  loop.knock();
  expect(state.count).toBe(0);
});
