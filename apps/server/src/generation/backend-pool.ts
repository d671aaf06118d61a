import { chooseVariant, type Inventory, type Missing, type Plan, workflowOf } from "@comfy/workflows";
import type { Log } from "../log.ts";
import type { Backend } from "./backend.ts";
import { createReachability } from "./reachability.ts";
import { createSlots } from "./slots.ts";

/** A place on a backend that can render the plan. Release it when the render has ended; a second release does nothing. */
export interface AcquiredSlot {
  readonly type: "slot";
  readonly backend: Backend;
  readonly inventory: Inventory;
  /** Under which lease this process owned the backend when the place was given. Check it again right before sending. */
  readonly lease: { readonly holder: string; readonly epoch: number };
  /** The place is behind a render that still runs: sent now, the prompt starts the moment that one ends. */
  readonly isAhead: boolean;
  release(): void;
}

export interface NoSlot {
  readonly type: "none";
  /**
   * `missing`: every backend of this process that was heard lacks something. `not_owned`: one that another process owns could do it.
   * `drained`: those that could do it are taken out of service.
   */
  readonly reason: "unreachable" | "missing" | "not_owned" | "drained" | "detached";
  readonly message: string;
}

export interface AcquireOptions {
  readonly signal: AbortSignal;
  /** Aborting ends the wait without a slot. */
  readonly detach?: AbortSignal;
  /** Backends that are taken only when no other could ever do it, e.g. one that ran out of memory. */
  readonly avoid?: readonly string[];
  /** Whether a place behind a running render will do when none is free: one for each backend. Default false. */
  readonly isAheadAllowed?: boolean;
}

export interface BackendPool {
  /**
   * A place for this plan. Waits, first come first served, while every backend that could render it is busy.
   * Rejects with the reason of `signal`.
   */
  acquire(plan: Plan, options: AcquireOptions): Promise<AcquiredSlot | NoSlot>;
  find(backendId: string): Backend | undefined;
  /** Renders that all configured backends can run at once. */
  readonly slotCount: number;
  /** Places that are free now on backends that this process owns and that take work; `ahead`: behind running renders. */
  room(): { readonly free: number; readonly ahead: number };
}

export interface BackendPoolDeps {
  readonly backends: readonly Backend[];
  readonly slotsPerBackend: number;
  /** What backends offer, perhaps from memory; undefined for one that could never be asked. */
  readonly inventories: {
    read(
      backendId: string,
      classes: readonly string[],
      options: { readonly signal: AbortSignal; readonly maxAgeMs?: number },
    ): Promise<{ readonly inventory: Inventory } | undefined>;
  };
  readonly log: Log;
}

/** A backend that says nothing for this long is passed over. */
const ANSWER_MS = 2_000;
/** Who waits looks around this often: another backend may have come back, or been given the model. */
const LOOK_AROUND_MS = 5_000;

interface Candidate {
  readonly backend: Backend;
  readonly inventory: Inventory;
}

interface Survey {
  readonly candidates: readonly Candidate[];
  /** What the reachable backends lack; undefined when none was heard. */
  readonly missing: readonly Missing[] | undefined;
}

const unreachable: NoSlot = {
  type: "none",
  reason: "unreachable",
  message: "No renderer that could do this can be reached.",
};
const detached: NoSlot = { type: "none", reason: "detached", message: "This worker takes no more work." };

export function createBackendPool(deps: BackendPoolDeps): BackendPool {
  const { backends, slotsPerBackend, inventories, log } = deps;
  const slots = createSlots(
    backends.map(({ id }) => id),
    slotsPerBackend,
  );
  const reachability = createReachability(ANSWER_MS, log);

  async function survey(plan: Plan, signal: AbortSignal): Promise<Survey> {
    const { classes } = workflowOf(plan.kind);
    const late = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    const readings = await Promise.all(
      backends.map(async (backend) => {
        if (!(await reachability.isReachable(backend))) return undefined;
        const reading = await inventories.read(backend.id, classes, { signal: late }).catch(() => undefined);
        return reading && { backend, inventory: reading.inventory };
      }),
    );
    signal.throwIfAborted();
    const heard = readings.filter((reading) => reading !== undefined);
    const choices = heard.map((candidate) => ({ candidate, choice: chooseVariant(plan, candidate.inventory) }));
    const lacks = choices.flatMap(({ choice }) => (choice.ok ? [] : [choice.missing]));
    return {
      candidates: choices.flatMap(({ candidate, choice }) => (choice.ok ? [candidate] : [])),
      missing: heard.length ? (lacks.toSorted((left, right) => left.length - right.length)[0] ?? []) : undefined,
    };
  }

  function toSlot({ backend, inventory }: Candidate): AcquiredSlot {
    let isHeld = true;
    const release = () => {
      if (isHeld) slots.release(backend.id);
      isHeld = false;
    };
    return { type: "slot", backend, inventory, release };
  }

  async function acquire(plan: Plan, { signal, detach }: AcquireOptions): Promise<AcquiredSlot | NoSlot> {
    const stop = detach ? AbortSignal.any([signal, detach]) : signal;
    const ticket = slots.draw();
    for (;;) {
      const { candidates, missing } = await survey(plan, stop);
      const ids = candidates.map(({ backend }) => backend.id);
      if (ids.length === 0) return missing ? toMissing(missing) : unreachable;
      const id = slots.take(ids) ?? (await slots.wait(ticket, ids, LOOK_AROUND_MS, stop));
      const taken = candidates.find(({ backend }) => backend.id === id);
      if (!taken) continue;
      // It may have died while we waited.
      if (await reachability.isReachable(taken.backend)) return toSlot(taken);
      slots.release(taken.backend.id);
    }
  }

  return {
    async acquire(plan, options) {
      try {
        return await acquire(plan, options);
      } catch (error) {
        options.signal.throwIfAborted();
        if (options.detach?.aborted) return detached;
        throw error;
      }
    },
    find: (backendId) => backends.find(({ id }) => id === backendId),
    slotCount: backends.length * slotsPerBackend,
  };
}

function toMissing(missing: readonly Missing[]): NoSlot {
  const names = missing
    .map(({ what, name }) => `${what === "node" ? "the node class" : "the model"} ${name}`)
    .join(", ");
  return {
    type: "none",
    reason: "missing",
    message: `No renderer has what this needs: ${names || "something"} is missing.`,
  };
}
