import type { Inventory, Missing, Plan } from "@comfy/workflows";
import type { Clock } from "../clock.ts";
import type { Backend } from "./backend.ts";
import type { BackendHealth } from "./backend-health.ts";
import { type Circuit, createCircuit } from "./circuit.ts";
import { type Arrival, type Observers, observeBackend } from "./observed-backend.ts";
import type { BackendLease, Ownership } from "./ownership.ts";
import { createRenderTimes } from "./render-times.ts";
import { createSlots, type Slots } from "./slots.ts";
import { type Candidate, createSurvey, type Inventories } from "./survey.ts";
import type { SwitchBoard } from "./switch-board.ts";
import { createVramFloors, type VramFloors } from "./vram-floors.ts";
import { createWarmth, type Warmth } from "./warmth.ts";

/** A place on a backend that can render the plan. Release it when the render has ended; a second release does nothing. */
export interface AcquiredSlot {
  readonly type: "slot";
  readonly backend: Backend;
  readonly inventory: Inventory;
  /** Under which lease this process owned the backend when the place was given. Check it again right before sending. */
  readonly lease: BackendLease;
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
  /**
   * Takes a place for a prompt that is on the backend already, sent before a restart: whatever is sent besides waits behind it. It may be one
   * more than there are. Gives the function that releases it.
   */
  occupy(backendId: string): () => void;
  /** Renders that all configured backends can run at once. */
  readonly slotCount: number;
  /** Places that are free now on backends that this process owns and that take work; `ahead`: behind running renders. */
  room(): { readonly free: number; readonly ahead: number };
}

export interface BackendPoolDeps {
  readonly backends: readonly Backend[];
  /** Only backends that this process owns are given away. */
  readonly ownership: Pick<Ownership, "owned" | "lease">;
  readonly health: Pick<BackendHealth, "isUp" | "ready" | "suspect" | "status">;
  readonly switches: Pick<SwitchBoard, "isDrained">;
  /** What backends offer, perhaps from memory; undefined for one that could never be asked. */
  readonly inventories: Inventories;
  readonly clock: Clock;
}

/** Who waits looks around this often: another backend may have come back, or been given the model. */
const LOOK_AROUND_MS = 2_000;

const sentences: Readonly<Record<Exclude<NoSlot["reason"], "missing">, string>> = {
  unreachable: "No renderer that could do this can be reached.",
  not_owned: "Another worker has the renderers that could do this.",
  drained: "The renderers that could do this are taken out of service.",
  detached: "This worker takes no more work.",
};

const noSlot = (reason: keyof typeof sentences): NoSlot => ({ type: "none", reason, message: sentences[reason] });

export function createBackendPool(deps: BackendPoolDeps): BackendPool {
  const { backends, ownership, switches, clock } = deps;
  const slots = createSlots(backends);
  const circuit = createCircuit(clock);
  const warmth = createWarmth();
  const pace = { times: createRenderTimes(), nowMs: () => clock.monotonicMs() };
  const floors = createVramFloors(deps);
  const parts: PoolParts = { ...deps, slots, circuit, warmth, floors, pace };
  const look = createLook(parts);
  const followed = new Map(backends.map((backend) => [backend.id, observeBackend(backend, pace)]));

  async function acquire(plan: Plan, options: AcquireOptions): Promise<AcquiredSlot | NoSlot> {
    const { detach, isAheadAllowed = false } = options;
    const signal = detach ? AbortSignal.any([options.signal, detach]) : options.signal;
    const ticket = slots.draw();
    for (;;) {
      const found = await look(plan, options, signal);
      if ("type" in found) return found;
      const wish = { backendIds: found.map(({ backend }) => backend.id), isAheadAllowed };
      const place = slots.take(wish) ?? (await slots.wait(ticket, wish, LOOK_AROUND_MS, signal));
      if (!place) continue;
      const candidate = found.find(({ backend }) => backend.id === place.backendId);
      const lease = ownership.lease(place.backendId);
      // It may have died, or become another's, while we waited.
      if (candidate && lease && takesWork(candidate.backend, parts) && !switches.isDrained(place.backendId)) {
        return toSlot(candidate, place.isAhead, lease, parts);
      }
      slots.release(place.backendId);
    }
  }

  return {
    async acquire(plan, options) {
      options.signal.throwIfAborted();
      try {
        return options.detach?.aborted ? noSlot("detached") : await acquire(plan, options);
      } catch (error) {
        options.signal.throwIfAborted();
        if (options.detach?.aborted) return noSlot("detached");
        throw error;
      }
    },
    find: (backendId) => followed.get(backendId),
    occupy(backendId) {
      slots.hold(backendId);
      let isHeld = true;
      return () => {
        if (isHeld) slots.release(backendId);
        isHeld = false;
      };
    },
    slotCount: backends.reduce((sum, backend) => sum + backend.slots, 0),
    room() {
      const owned = new Set(ownership.owned());
      const open = backends.filter(({ id }) => owned.has(id) && !switches.isDrained(id));
      const rooms = open.filter((backend) => takesWork(backend, parts)).map(({ id }) => slots.room(id));
      const sum = (which: "free" | "ahead") => rooms.reduce((total, room) => total + room[which], 0);
      return { free: sum("free"), ahead: sum("ahead") };
    },
  };
}

interface PoolParts extends BackendPoolDeps {
  readonly slots: Slots;
  readonly circuit: Circuit;
  readonly warmth: Warmth;
  readonly floors: VramFloors;
  readonly pace: Observers;
}

function takesWork(backend: Backend, { health, circuit }: PoolParts): boolean {
  return health.isUp(backend.id) === true && backend.isWorking() && circuit.isClosed(backend.id);
}

/** @returns the function that says where a plan may go now, best first; or why nowhere */
function createLook(parts: PoolParts) {
  const { health, ownership, switches, warmth, floors, slots } = parts;
  const isTooSmall = ({ backend, variantId }: Candidate) => floors.isTooSmall(variantId, backend.id);
  const survey = createSurvey(parts);
  return async function look(plan: Plan, { avoid = [] }: AcquireOptions, signal: AbortSignal) {
    await health.ready();
    const { able, missing, isElsewhere } = await survey(plan, signal);
    const inService = able.filter(({ backend }) => !switches.isDrained(backend.id));
    const ready = inService.filter(({ backend }) => takesWork(backend, parts));
    if (ready.length > 0) {
      const largeEnough = preferOthers(ready, isTooSmall);
      return warmth.rank(
        preferOthers(largeEnough, ({ backend }) => avoid.includes(backend.id)),
        slots.heldOf,
      );
    }
    if (inService.length > 0) return noSlot("unreachable");
    if (able.length > 0) return noSlot("drained");
    if (isElsewhere || ownership.owned().length === 0) return noSlot("not_owned");
    return missing ? toMissing(missing) : noSlot("unreachable");
  };
}

function toSlot(
  { backend, inventory, variantId }: Candidate,
  isAhead: boolean,
  lease: BackendLease,
  { circuit, warmth, floors, slots, health, pace }: PoolParts,
): AcquiredSlot {
  let isHeld = true;
  let isReported = false;
  const onArrival = (arrival: Arrival) => {
    if (!isReported) circuit.leave(backend.id, arrival);
    isReported = true;
    if (arrival === "failed") health.suspect(backend.id);
  };
  const release = () => {
    if (!isHeld) return;
    isHeld = false;
    onArrival("unknown");
    slots.release(backend.id);
  };
  circuit.enter(backend.id);
  warmth.note(backend.id, variantId);
  const onOutOfMemory = () => floors.note(variantId, backend.id);
  const observed = observeBackend(backend, { ...pace, what: variantId, onArrival, onOutOfMemory });
  return { type: "slot", backend: observed, inventory, lease, isAhead, release };
}

/** A backend to avoid is better than none. */
function preferOthers(candidates: readonly Candidate[], isToAvoid: (candidate: Candidate) => boolean) {
  const others = candidates.filter((candidate) => !isToAvoid(candidate));
  return others.length > 0 ? others : candidates;
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
