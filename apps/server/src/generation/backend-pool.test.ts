import { objectInfo } from "@comfy/comfyui-contract";
import recorded from "@comfy/comfyui-contract/fixtures/object_info.slim.json" with { type: "json" };
import { type Inventory, type Plan, planJob } from "@comfy/workflows";
import { describe, expect, it } from "vitest";
import { silentLog } from "../log.ts";
import type { Backend } from "./backend.ts";
import { type AcquiredSlot, createBackendPool, type NoSlot } from "./backend-pool.ts";

const forever = new AbortController().signal;

function withCheckpoints(...files: string[]): Inventory {
  const inventory = objectInfo.parse(recorded);
  const inputs = inventory.CheckpointLoaderSimple?.input.required;
  if (inputs) inputs.ckpt_name = [files];
  return inventory;
}
const capable = withCheckpoints("sd_xl_base_1.0.safetensors");
const empty = withCheckpoints();

function planOf(): Plan {
  const outcome = planJob("image", { prompt: "a fox", model: "sdxl" }, { randomSeed: () => 1 });
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.plan;
}
const plan = planOf();

interface Pretended {
  inventory: Inventory | undefined;
  status: "here" | "away" | "silent";
}

/** Backends that are here or away as a test says; nothing is rendered on them. */
function setUp(slotsPerBackend: number, ...pretended: Pretended[]) {
  const unused = (): never => {
    throw new Error("The pool only asks for the status.");
  };
  const backends = pretended.map((state, index): Backend => {
    const readStatus = (signal: AbortSignal) => {
      const answer = { isReachable: state.status === "here", latencyMs: 0 };
      if (state.status !== "silent") return Promise.resolve(answer);
      return new Promise<typeof answer>((resolve) => signal.addEventListener("abort", () => resolve(answer)));
    };
    const others = {
      readInventory: unused,
      readEpoch: unused,
      upload: unused,
      render: unused,
      resume: unused,
      open: unused,
    };
    return { id: `b${index}`, readStatus, ...others, close: async () => {} };
  });
  const inventories = {
    read: async (id: string) => {
      const inventory = pretended[backends.findIndex((backend) => backend.id === id)]?.inventory;
      return inventory && { inventory };
    },
  };
  const pool = createBackendPool({ backends, slotsPerBackend, inventories, log: silentLog });
  return { pool, pretended };
}

const here = (inventory: Inventory = capable): Pretended => ({ inventory, status: "here" });

function slotOf(acquired: AcquiredSlot | NoSlot): AcquiredSlot {
  if (acquired.type !== "slot") throw new Error(acquired.message);
  return acquired;
}

const nextTurn = () => new Promise((resolve) => setTimeout(resolve, 20));

describe("a slot", () => {
  it("is on the backend with most room", async () => {
    const { pool } = setUp(2, here(), here());
    const slots = await Promise.all([1, 2, 3, 4].map(() => pool.acquire(plan, { signal: forever })));
    expect(slots.map((slot) => slotOf(slot).backend.id)).toEqual(["b0", "b1", "b0", "b1"]);
    expect(pool.slotCount).toBe(4);
  });

  it("is only on a backend that has what the plan needs", async () => {
    const { pool } = setUp(1, here(empty), here());
    const slot = slotOf(await pool.acquire(plan, { signal: forever }));
    expect([slot.backend.id, slot.inventory]).toEqual(["b1", capable]);
  });

  it("is waited for while all are busy, first come first served", async () => {
    const { pool } = setUp(1, here());
    const first = slotOf(await pool.acquire(plan, { signal: forever }));
    const order: number[] = [];
    const waiting = [1, 2].map(async (place) => {
      const slot = slotOf(await pool.acquire(plan, { signal: forever }));
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
    const { pool } = setUp(1, here());
    const slot = slotOf(await pool.acquire(plan, { signal: forever }));
    slot.release();
    slot.release();
    await pool.acquire(plan, { signal: forever });
    const leave = new AbortController();
    const third = pool.acquire(plan, { signal: leave.signal });
    await nextTurn();
    leave.abort(new Error("still busy"));
    await expect(third).rejects.toThrow("still busy");
  });
});

describe("no slot", () => {
  it("when every backend that answers lacks something, naming it", async () => {
    const { pool } = setUp(1, here(empty), { inventory: capable, status: "away" });
    expect(await pool.acquire(plan, { signal: forever })).toMatchObject({
      type: "none",
      reason: "missing",
      message: expect.stringContaining("sd_xl_base_1.0.safetensors"),
    });
  });

  it("when none answers, though it is known what they have", async () => {
    const { pool } = setUp(1, { inventory: capable, status: "away" });
    expect(await pool.acquire(plan, { signal: forever })).toMatchObject({ type: "none", reason: "unreachable" });
  });

  it("when nobody knows what they have", async () => {
    const { pool } = setUp(1, { inventory: undefined, status: "here" });
    expect(await pool.acquire(plan, { signal: forever })).toMatchObject({ type: "none", reason: "unreachable" });
  });

  it("for a worker that lets go, while its place in line is given up", async () => {
    const { pool } = setUp(1, here());
    const held = slotOf(await pool.acquire(plan, { signal: forever }));
    const detach = new AbortController();
    const waiting = pool.acquire(plan, { signal: forever, detach: detach.signal });
    await nextTurn();
    detach.abort();
    expect(await waiting).toMatchObject({ type: "none", reason: "detached" });
    held.release();
    expect(slotOf(await pool.acquire(plan, { signal: forever })).backend.id).toBe("b0");
  });
});

describe("a backend that is away", () => {
  it("holds up the first who asks, and nobody after", async () => {
    const { pool } = setUp(8, { inventory: capable, status: "silent" }, here());
    await pool.acquire(plan, { signal: forever });
    const before = performance.now();
    for (let count = 0; count < 5; count++) {
      expect(slotOf(await pool.acquire(plan, { signal: forever })).backend.id).toBe("b1");
    }
    expect(performance.now() - before).toBeLessThan(1_000);
  });

  it("is used again when it is back", async () => {
    const { pool, pretended } = setUp(1, { inventory: capable, status: "away" });
    await pool.acquire(plan, { signal: forever });
    Object.assign(pretended[0] ?? {}, { status: "here" });
    await expect
      .poll(async () => (await pool.acquire(plan, { signal: forever })).type, { timeout: 10_000, interval: 200 })
      .toBe("slot");
  });
});

describe("find", () => {
  it("gives the backend of an attempt, or nothing for one that is not configured any more", () => {
    const { pool } = setUp(1, here());
    expect(pool.find("b0")?.id).toBe("b0");
    expect(pool.find("gone")).toBeUndefined();
  });
});
