import { describe, expect, it } from "vitest";
import { capable, empty, here, setUp, slotOf } from "../../test/generation/pretended-pool.ts";

const nextTurn = () => new Promise((resolve) => setTimeout(resolve, 20));

describe("a slot", () => {
  it("is on the least busy backend", async () => {
    const { acquire, pool } = setUp({ slots: 2 }, here(), here());
    const slots = await Promise.all([1, 2, 3, 4].map(() => acquire()));
    expect(slots.map((slot) => slotOf(slot).backend.id).toSorted()).toEqual(["b0", "b0", "b1", "b1"]);
    expect(pool.slotCount).toBe(4);
  });

  it("is only on a backend that has what the plan needs", async () => {
    const slot = slotOf(await setUp({}, here(empty), here()).acquire());
    expect([slot.backend.id, slot.inventory]).toEqual(["b1", capable]);
  });

  it("is only on a backend that this process owns, and names the lease", async () => {
    const { acquire, owned } = setUp({}, here(), here());
    owned.delete("b0");
    expect(slotOf(await acquire())).toMatchObject({ backend: { id: "b1" }, lease: { holder: "me", epoch: 7 } });
  });

  it("is waited for while all are busy, first come first served", async () => {
    const { acquire } = setUp({}, here());
    const first = slotOf(await acquire());
    const order: number[] = [];
    const waiting = [1, 2].map(async (place) => {
      const slot = slotOf(await acquire());
      order.push(place);
      return slot;
    });
    await nextTurn();
    expect(order).toEqual([]);
    first.release();
    const second = await waiting[0];
    expect(order).toEqual([1]);
    second?.release();
    await waiting[1];
    expect(order).toEqual([1, 2]);
  });

  it("is freed once, however often it is released", async () => {
    const { acquire } = setUp({}, here());
    const slot = slotOf(await acquire());
    slot.release();
    slot.release();
    await acquire();
    const leave = new AbortController();
    const third = acquire({ signal: leave.signal });
    await nextTurn();
    leave.abort(new Error("still busy"));
    await expect(third).rejects.toThrow("still busy");
  });
});

describe("a place behind a running render", () => {
  it("is given to who will have it, one for each backend, when no slot is free", async () => {
    const { acquire, pool } = setUp({}, here());
    expect(pool.room()).toEqual({ free: 1, ahead: 1 });
    const ahead = { isAheadAllowed: true };
    const [running, behind] = [slotOf(await acquire(ahead)), slotOf(await acquire(ahead))];
    expect([running.isAhead, behind.isAhead]).toEqual([false, true]);
    expect(pool.room()).toEqual({ free: 0, ahead: 0 });
    const third = acquire(ahead);
    running.release();
    expect(slotOf(await third).isAhead).toBe(true);
  });

  it("is not taken while another backend is idle", async () => {
    const { acquire } = setUp({}, here(), here());
    const slots = [1, 2, 3].map(() => acquire({ isAheadAllowed: true }));
    expect((await Promise.all(slots)).map((slot) => slotOf(slot).isAhead)).toEqual([false, false, true]);
  });

  it("does not overtake a job that waits for a slot of its own", async () => {
    const { acquire } = setUp({}, here());
    const running = slotOf(await acquire({ isAheadAllowed: true }));
    const waiting = acquire();
    await nextTurn();
    const later = acquire({ isAheadAllowed: true });
    await nextTurn();
    running.release();
    expect(slotOf(await waiting).isAhead).toBe(false);
    expect(slotOf(await later).isAhead).toBe(true);
  });
});

describe("warm models", () => {
  it("draw a job to the backend that rendered the same last", async () => {
    const { acquire } = setUp({}, here(), here());
    for (let count = 0; count < 3; count++) {
      const slot = slotOf(await acquire());
      expect(slot.backend.id).toBe("b0");
      slot.release();
    }
  });

  it("do not make it wait while another backend is idle", async () => {
    const { acquire } = setUp({}, here(), here());
    slotOf(await acquire()).release();
    await acquire();
    expect(slotOf(await acquire({ isAheadAllowed: true }))).toMatchObject({ backend: { id: "b1" }, isAhead: false });
  });
});

describe("a backend to avoid", () => {
  it("is passed over, even if another must be waited for", async () => {
    const { acquire } = setUp({}, here(), here());
    const busy = slotOf(await acquire({ avoid: ["b0"] }));
    expect(busy.backend.id).toBe("b1");
    const waiting = acquire({ avoid: ["b0"] });
    await nextTurn();
    busy.release();
    expect(slotOf(await waiting).backend.id).toBe("b1");
  });

  it("is better than none", async () => {
    expect(slotOf(await setUp({}, here()).acquire({ avoid: ["b0"] })).backend.id).toBe("b0");
  });
});

describe("no slot", () => {
  it("when every backend that was heard lacks something, naming it", async () => {
    const none = await setUp({}, here(empty), { inventory: undefined, isUp: false }).acquire();
    const message = expect.stringContaining("sd_xl_base_1.0.safetensors");
    expect(none).toMatchObject({ type: "none", reason: "missing", message });
  });

  it.each([
    ["none answers, though it is known what they have", { inventory: capable, isUp: false }],
    ["nobody knows what they have", { inventory: undefined, isUp: true }],
    ["its worker is dead behind a live port", { inventory: capable, isUp: true, isWorking: false }],
  ])("when %s", async (_, state) => {
    expect(await setUp({}, state).acquire()).toMatchObject({ type: "none", reason: "unreachable" });
  });

  it("when only another process owns backends that could do it", async () => {
    const { acquire, owned } = setUp({}, here(empty), here());
    owned.delete("b1");
    expect(await acquire()).toMatchObject({ type: "none", reason: "not_owned" });
    owned.delete("b0");
    expect(await acquire()).toMatchObject({ type: "none", reason: "not_owned" });
  });

  it("when those that could do it are drained, until they are put back", async () => {
    const { acquire, drained } = setUp({}, here());
    drained.add("b0");
    expect(await acquire()).toMatchObject({ type: "none", reason: "drained" });
    drained.delete("b0");
    expect(await acquire()).toMatchObject({ type: "slot" });
  });

  it("on a backend that is drained while it is waited for", async () => {
    const { acquire, drained } = setUp({}, here());
    const held = slotOf(await acquire());
    const waiting = acquire();
    await nextTurn();
    drained.add("b0");
    held.release();
    expect(await waiting).toMatchObject({ type: "none", reason: "drained" });
  });

  it("for a worker that lets go, while its place in line is given up", async () => {
    const { acquire } = setUp({}, here());
    const held = slotOf(await acquire());
    const detach = new AbortController();
    const waiting = acquire({ detach: detach.signal });
    await nextTurn();
    detach.abort();
    expect(await waiting).toMatchObject({ type: "none", reason: "detached" });
    held.release();
    expect(slotOf(await acquire()).backend.id).toBe("b0");
  });
});

describe("a backend that takes no prompts", () => {
  it("is left alone after two submissions that never arrived, then tried by one job", async () => {
    const { acquire, states, clock, render } = setUp({}, here());
    states.outcome = { type: "lost", cause: "never_arrived", message: "Refused." };
    for (let count = 0; count < 2; count++) await render(slotOf(await acquire()));
    expect(await acquire()).toMatchObject({ type: "none", reason: "unreachable" });
    clock.advance(10_000);
    const probe = slotOf(await acquire({ isAheadAllowed: true }));
    expect(await acquire({ isAheadAllowed: true })).toMatchObject({ type: "none", reason: "unreachable" });
    states.outcome = { type: "succeeded", files: [] };
    await render(probe);
    await render(slotOf(await acquire()));
    expect(await acquire()).toMatchObject({ type: "slot" });
  });

  it("is not blamed for a graph that it refused", async () => {
    const { acquire, states, render } = setUp({}, here());
    states.outcome = { type: "failed", message: "No.", details: undefined };
    for (let count = 0; count < 5; count++) await render(slotOf(await acquire()));
    expect(await acquire()).toMatchObject({ type: "slot" });
  });
});

describe("find", () => {
  it("gives the backend of an attempt, or nothing for one that is not configured any more", () => {
    const { pool } = setUp({}, here());
    expect(pool.find("b0")?.id).toBe("b0");
    expect(pool.find("gone")).toBeUndefined();
  });
});

it("waits for nothing that was aborted before", async () => {
  await expect(setUp({}, here()).acquire({ signal: AbortSignal.abort(new Error("too late")) })).rejects.toThrow(
    "too late",
  );
});

describe("memory of the device", () => {
  const GB = 2 ** 30;
  const sized = (gigabytes: number) => ({ ...here(), vramTotalBytes: gigabytes * GB });

  it("decides who is asked next for what a device had no room for: only larger ones, while there are any", async () => {
    const { acquire, render, states, clock } = setUp({}, sized(8), sized(8), sized(24));
    states.outcome = { type: "out_of_memory", message: "It ran out of memory." };
    await render(slotOf(await acquire()));
    const next = async () => {
      const slot = slotOf(await acquire());
      slot.release();
      return slot.backend.id;
    };
    expect([await next(), await next()]).toEqual(["b2", "b2"]);
    clock.advance(10 * 60_000);
    expect(await next()).not.toBe("b2");
  });

  it("keeps nobody from a device that is the only one, or whose size nobody knows", async () => {
    const { acquire, render, states } = setUp({}, sized(8), here());
    states.outcome = { type: "out_of_memory", message: "It ran out of memory." };
    await render(slotOf(await acquire()));
    const only = setUp({}, sized(8));
    only.states.outcome = states.outcome;
    await only.render(slotOf(await only.acquire()));
    expect(slotOf(await acquire()).backend.id).toBe("b1");
    expect(slotOf(await only.acquire()).backend.id).toBe("b0");
  });
});
