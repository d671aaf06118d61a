import { expect, onTestFinished, test } from "vitest";
import { createManualClock } from "../../test/manual-clock.ts";
import type { HeldBackend } from "../generation/backend-leases.ts";
import { silentLog } from "../log.ts";
import { createOwner } from "./owner.ts";

interface Ask {
  readonly holder: string;
  readonly release?: readonly string[];
  readonly capacity?: number;
}

/** An owner whose database answers as the test says. */
async function startOwner({ leaseMs = 60_000, isAlone = false } = {}) {
  const state = {
    answer: [{ backendId: "a", epoch: 1 }] as HeldBackend[] | Error,
    busy: new Set<string>(),
    asks: [] as Ask[],
    taken: 0,
    left: 0,
  };
  const clock = createManualClock();
  const answer = async (ask: Ask) => {
    state.asks.push(ask);
    if (state.answer instanceof Error) throw state.answer;
    return state.answer.filter(({ backendId }) => !ask.release?.includes(backendId));
  };
  const owner = createOwner({
    leases: {
      hold: answer,
      async takeAll(ask) {
        state.taken += 1;
        return answer(ask);
      },
      async letGo() {
        state.left += 1;
      },
    },
    configured: ["a", "b"],
    holder: "me",
    leaseMs,
    clock,
    log: silentLog,
    isAlone,
    isBusy: (id) => state.busy.has(id),
  });
  await owner.start?.(AbortSignal.timeout(5_000));
  onTestFinished(async () => owner.stop?.());
  return { owner, state, clock };
}

test("a lease ends on its holder's clock before the database gives the backend to anybody else", async () => {
  const { owner, clock } = await startOwner();
  expect(owner.lease("a")).toMatchObject({ holder: "me", epoch: 1 });
  clock.advance(59_999);
  expect(owner.lease("a")).toBeDefined();
  // What a process that was frozen asks first, before any timer of its has run.
  clock.advance(1);
  expect([owner.lease("a"), owner.owned()]).toEqual([undefined, []]);
});

test("the wall clock has no say in it", async () => {
  const { owner, clock } = await startOwner();
  clock.jump(3_600_000);
  expect(owner.owned()).toEqual(["a"]);
});

test("while the database is away a lease runs out, and whatever follows the backend is let go of", async () => {
  const { owner, state } = await startOwner({ leaseMs: 300 });
  const lease = owner.lease("a");
  state.answer = new Error("The database is away.");
  await expect.poll(() => lease?.lost.aborted).toBe(true);
  expect(owner.lease("a")).toBeUndefined();
});

test("a backend that changed hands in between is another lease, and the one before is lost", async () => {
  const { owner, state } = await startOwner({ leaseMs: 300 });
  const lease = owner.lease("a");
  state.answer = [{ backendId: "a", epoch: 3 }];
  await expect.poll(() => owner.lease("a")?.epoch).toBe(3);
  expect(lease?.lost.aborted).toBe(true);
});

test("a backend that is due to another process gets no new work, and is given back when its renders have ended", async () => {
  const { owner, state } = await startOwner({ leaseMs: 300 });
  state.busy.add("b");
  state.answer = [
    { backendId: "a", epoch: 1 },
    { backendId: "b", epoch: 1, isSurplus: true },
  ];
  await expect.poll(() => owner.lease("b")).toBeDefined();
  expect(owner.owned()).toEqual(["a"]);
  expect(state.asks.at(-1)?.release).toEqual([]);
  state.busy.clear();
  owner.noteIdle();
  await expect.poll(() => state.asks.at(-1)?.release).toEqual(["b"]);
  await expect.poll(() => owner.lease("b")).toBeUndefined();
});

test("a process that drains takes no more backends and gives back what it does not use", async () => {
  const { owner, state } = await startOwner();
  state.busy.add("a");
  owner.quiesce?.();
  await expect.poll(() => state.asks.at(-1)).toMatchObject({ capacity: 0, release: [] });
  expect(owner.owned()).toEqual([]);
  // What runs is followed to its end.
  expect(owner.lease("a")).toBeDefined();
  state.busy.clear();
  owner.noteIdle();
  await expect.poll(() => state.asks.at(-1)?.release).toEqual(["a"]);
});

test("at the end everything is given back, so that nobody waits for a lease to run out", async () => {
  const { owner, state } = await startOwner();
  const lease = owner.lease("a");
  await owner.stop?.();
  expect([state.left, lease?.lost.aborted, owner.owned()]).toEqual([1, true, []]);
});

test("the one process of an embedded database takes what a dead one held, once", async () => {
  const { state } = await startOwner({ leaseMs: 300, isAlone: true });
  await expect.poll(() => state.asks.length).toBeGreaterThan(1);
  expect(state.taken).toBe(1);
});
