import { chooseVariant, type Inventory, type Missing, type Plan, workflowOf } from "@comfy/workflows";
import type { Backend } from "./backend.ts";
import type { BackendHealth } from "./backend-health.ts";
import type { Ownership } from "./ownership.ts";

/** What a backend offered when it was last asked. Asking again happens behind the caller's back, unless nothing is known. */
const OLD_ENOUGH_MS = 600_000;
/** A backend of which nothing is known is waited for no longer. */
const ANSWER_MS = 2_000;

/** What backends offer. */
export interface Inventories {
  peek(backendId: string, classes: readonly string[]): { readonly inventory: Inventory } | undefined;
  read(
    backendId: string,
    classes: readonly string[],
    options: { readonly signal: AbortSignal; readonly maxAgeMs?: number },
  ): Promise<{ readonly inventory: Inventory } | undefined>;
}

export interface Candidate {
  readonly backend: Backend;
  readonly inventory: Inventory;
  /** What would be rendered there. */
  readonly variantId: string;
}

export interface Survey {
  /** The backends of this process that could render the plan. */
  readonly able: readonly Candidate[];
  /** What the others lack, the shortest list; undefined when none was heard. */
  readonly missing: readonly Missing[] | undefined;
  /** Whether a backend that another process owns is known to be able. */
  readonly isElsewhere: boolean;
}

export interface SurveyDeps {
  readonly backends: readonly Backend[];
  readonly ownership: Pick<Ownership, "owned">;
  readonly inventories: Inventories;
  readonly health: Pick<BackendHealth, "isUp">;
}

/** @returns the function that finds out which backends have what a plan needs. Rejects with the reason of `signal`. */
export function createSurvey({ backends, ownership, inventories, health }: SurveyDeps) {
  return async function survey(plan: Plan, signal: AbortSignal): Promise<Survey> {
    const { classes } = workflowOf(plan.kind);
    const owned = new Set(ownership.owned());
    const late = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    const read = async (backend: Backend) => {
      const options = { signal: late, maxAgeMs: OLD_ENOUGH_MS };
      const reading = health.isUp(backend.id)
        ? await inventories.read(backend.id, classes, options).catch(() => undefined)
        : inventories.peek(backend.id, classes);
      return reading && { backend, inventory: reading.inventory, choice: chooseVariant(plan, reading.inventory) };
    };
    const readings = await Promise.all(backends.filter(({ id }) => owned.has(id)).map(read));
    signal.throwIfAborted();
    const heard = readings.filter((reading) => reading !== undefined);
    const lacks = heard.flatMap(({ choice }) => (choice.ok ? [] : [choice.missing]));
    const isAble = ({ id }: Backend) => {
      const known = owned.has(id) ? undefined : inventories.peek(id, classes);
      return known !== undefined && chooseVariant(plan, known.inventory).ok;
    };
    const able = heard.flatMap(({ backend, inventory, choice }) =>
      choice.ok ? [{ backend, inventory, variantId: choice.variant.id }] : [],
    );
    return {
      able,
      missing: lacks.toSorted((left, right) => left.length - right.length)[0],
      isElsewhere: able.length === 0 && backends.some(isAble),
    };
  };
}
