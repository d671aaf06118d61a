import { objectInfo } from "@comfy/comfyui-contract";
import recorded from "@comfy/comfyui-contract/fixtures/object_info.slim.json" with { type: "json" };
import { type Inventory, type Plan, planJob } from "@comfy/workflows";
import type { Backend, RenderOutcome } from "../../src/generation/backend.ts";
import {
  type AcquiredSlot,
  type AcquireOptions,
  createBackendPool,
  type NoSlot,
} from "../../src/generation/backend-pool.ts";
import { createManualClock } from "../manual-clock.ts";

function withCheckpoints(...files: string[]): Inventory {
  const inventory = objectInfo.parse(recorded);
  const inputs = inventory.CheckpointLoaderSimple?.input.required;
  if (inputs) inputs.ckpt_name = [files];
  return inventory;
}
export const capable = withCheckpoints("sd_xl_base_1.0.safetensors");
export const empty = withCheckpoints();

function planOf(): Plan {
  const outcome = planJob("image", { prompt: "a fox", model: "sdxl" }, { randomSeed: () => 1 });
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.plan;
}
export const plan = planOf();

export interface Pretended {
  inventory: Inventory | undefined;
  isUp: boolean;
  isWorking?: boolean;
  vramTotalBytes?: number;
}
export const here = (inventory: Inventory = capable): Pretended => ({ inventory, isUp: true });

const forever = new AbortController().signal;

/** A pool over backends of which a test says how they are; what their renders come to is `states.outcome`. */
export function setUp({ slots = 1 }, ...pretended: Pretended[]) {
  const states: { outcome: RenderOutcome } = { outcome: { type: "succeeded", files: [] } };
  const unused = (): never => {
    throw new Error("The pool has no reason to ask this.");
  };
  const stateOf = (id: string) => pretended[Number(id.slice(1))];
  const backends = pretended.map((state, index): Backend => {
    const questions = { readInventory: unused, readEpoch: unused, upload: unused, open: unused, readStatus: unused };
    const verbs = { resume: unused, abandon: unused, free: unused, close: async () => {} };
    const render: Backend["render"] = async ({ onAccepted }) => {
      if (states.outcome.type === "succeeded") await onAccepted();
      return states.outcome;
    };
    return { id: `b${index}`, slots, ...questions, ...verbs, render, isWorking: () => state.isWorking !== false };
  });
  const clock = createManualClock();
  const owned = new Set(backends.map(({ id }) => id));
  const drained = new Set<string>();
  const lost = new AbortController().signal;
  const peek = (id: string) => {
    const inventory = stateOf(id)?.inventory;
    return inventory && { inventory };
  };
  const status = (id: string) => {
    const { isUp = false, vramTotalBytes } = stateOf(id) ?? {};
    return { isReachable: isUp, latencyMs: 1, ...(vramTotalBytes !== undefined && { vramTotalBytes }) };
  };
  const pool = createBackendPool({
    backends,
    clock,
    ownership: {
      owned: () => [...owned],
      lease: (id) => (owned.has(id) ? { holder: "me", epoch: 7, lost } : undefined),
    },
    health: { isUp: (id) => stateOf(id)?.isUp, ready: async () => {}, suspect: () => {}, status },
    switches: { isDrained: (id) => drained.has(id) },
    inventories: { peek, read: async (id) => peek(id) },
  });
  const acquire = (options: Partial<AcquireOptions> = {}) => pool.acquire(plan, { signal: forever, ...options });
  const render = async (slot: AcquiredSlot) => {
    const told = { onProgress: () => {}, onAccepted: async () => {} };
    const promptId = crypto.randomUUID();
    await slot.backend.render({ promptId, graph: {}, labels: {}, signal: forever, detach: forever, ...told });
    slot.release();
  };
  return { pool, acquire, render, states, owned, drained, clock };
}

export function slotOf(acquired: AcquiredSlot | NoSlot): AcquiredSlot {
  if (acquired.type !== "slot") throw new Error(acquired.message);
  return acquired;
}
