import { afterEach, describe, expect, it } from "vitest";
import { silentLog } from "../log.ts";
import type { BackendStatus } from "./backend.ts";
import { createBackendHealth } from "./backend-health.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A backend whose looks end when the test answers them. */
function setUp() {
  const looks: ((isReachable: boolean) => void)[] = [];
  const changes: boolean[] = [];
  const readStatus = () =>
    new Promise<BackendStatus>((resolve) => {
      looks.push((isReachable) => resolve({ isReachable, latencyMs: 1, ...(isReachable && { name: "card" }) }));
    });
  const health = createBackendHealth({
    backends: [{ id: "a", readStatus }],
    log: silentLog,
    lookEveryMs: { here: 1, doubted: 1 },
    onChange: (_, isUp) => changes.push(isUp),
  });
  closing.push(async () => {
    const stopped = health.stop();
    for (const answer of looks) answer(false);
    await stopped;
  });
  let answered = 0;
  const answer = async (isReachable: boolean) => {
    await expect.poll(() => looks.length, { interval: 1 }).toBeGreaterThan(answered);
    looks[answered]?.(isReachable);
    answered += 1;
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { health, changes, answer, looks };
}

describe("the health of a backend", () => {
  it("is known after the first look, whatever it says", async () => {
    const { health, answer, changes } = setUp();
    expect(health.isUp("a")).toBeUndefined();
    const ready = health.ready();
    await answer(true);
    await ready;
    expect([health.isUp("a"), changes]).toEqual([true, [true]]);
  });

  it("changes only when two looks in a row agree, both ways", async () => {
    const { health, answer, changes } = setUp();
    await health.start();
    for (const isReachable of [true, false, true, false]) await answer(isReachable);
    expect(changes).toEqual([true]);
    await answer(false);
    expect([health.isUp("a"), health.status("a")]).toMatchObject([false, { isReachable: false, name: "card" }]);
    for (const isReachable of [true, false, true]) await answer(isReachable);
    expect(health.isUp("a")).toBe(false);
    await answer(true);
    expect([health.isUp("a"), changes]).toEqual([true, [true, false, true]]);
  });

  it("is looked at once for all who ask, and not at all for who asks later", async () => {
    const { health, answer, looks } = setUp();
    const asked = [health.ready(), health.ready()];
    await answer(true);
    await Promise.all([...asked, health.ready()]);
    expect(looks).toHaveLength(1);
  });

  it("is looked at at once when something went wrong there", async () => {
    const { health, answer, looks } = setUp();
    const ready = health.ready();
    await answer(true);
    await ready;
    health.suspect("a");
    expect(looks).toHaveLength(2);
  });
});
