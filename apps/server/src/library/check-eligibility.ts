import { chooseVariant, type Missing, type Plan, workflowOf } from "@comfy/workflows";
import type { InventoryCache, InventoryReading } from "./inventory-cache.ts";

export type Eligibility = { readonly ok: true } | { readonly ok: false; readonly missing: readonly Missing[] };

export type CheckEligibility = (plan: Plan, signal: AbortSignal) => Promise<Eligibility>;

export interface CheckEligibilityDeps {
  readonly backends: readonly { readonly id: string }[];
  readonly inventories: Pick<InventoryCache, "peek" | "read">;
  /** Only what a backend said within this time can refuse a job. */
  readonly freshMs: number;
}

/** A caller waits no longer for a backend to say what it has; the job is accepted then. */
const ANSWER_MS = 3_000;

/** Says that a backend lacks something, as a rejection, so that the first backend which does not settles the question. */
class Lacking extends Error {
  readonly missing: readonly Missing[];

  constructor(missing: readonly Missing[]) {
    super("The backend lacks something.");
    this.name = "Lacking";
    this.missing = missing;
  }
}

const canRun = (plan: Plan, reading: InventoryReading | undefined) =>
  reading !== undefined && chooseVariant(plan, reading.inventory).ok;

/**
 * May this plan be accepted? It is refused only when every backend has just said that it lacks a node or a model: a backend that is away,
 * or was last heard of long ago, may well have them, and then the job waits.
 */
export function createCheckEligibility({ backends, inventories, freshMs }: CheckEligibilityDeps): CheckEligibility {
  return async function checkEligibility(plan, signal) {
    const { classes } = workflowOf(plan.kind);
    // What a backend could do when it was last asked is reason enough: an old reading comes at once and is refreshed behind our back.
    const able = backends.find(({ id }) => canRun(plan, inventories.peek(id, classes)));
    if (able) {
      await inventories.read(able.id, classes, { signal, maxAgeMs: Number.POSITIVE_INFINITY });
      return { ok: true };
    }
    const late = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    const looks = backends.map(async ({ id }) => {
      const options = { signal: late, maxAgeMs: freshMs };
      const reading = await inventories.read(id, classes, options).catch(() => undefined);
      if (reading === undefined || reading.ageMs > freshMs) return;
      const choice = chooseVariant(plan, reading.inventory);
      if (!choice.ok) throw new Lacking(choice.missing);
    });
    try {
      await Promise.any(looks);
      signal.throwIfAborted();
      return { ok: true };
    } catch (error) {
      signal.throwIfAborted();
      return toRefusal(error);
    }
  };
}

/** The shortest list is the nearest to being mended. */
function toRefusal(error: unknown): Eligibility {
  const reasons: unknown[] = error instanceof AggregateError ? error.errors : [error];
  const unexpected = reasons.find((reason) => !(reason instanceof Lacking));
  if (unexpected !== undefined) throw unexpected;
  const lists = reasons.flatMap((reason) => (reason instanceof Lacking ? [reason.missing] : []));
  const [shortest] = lists.toSorted((left, right) => left.length - right.length);
  return shortest ? { ok: false, missing: shortest } : { ok: true };
}
