import type { Graph } from "@comfy/comfyui-contract";
import type { Inventory, Missing } from "./inventory.ts";
import type { Plan, PlanVariant } from "./plan.ts";
import { workflowOf } from "./registry.ts";
import { findUnknownWords, suitOf } from "./suit.ts";
import { fillFiles, fillValues, type GraphTemplate } from "./template.ts";

export interface BindOptions {
  readonly inventory: Inventory;
  /** The name each input file has on that backend, by media slot. */
  readonly media: Readonly<Record<string, string>>;
  /** Where the backend puts the outputs, e.g. `jobs/<job>/<attempt>`. */
  readonly filenamePrefix: string;
}

export interface BoundPlan {
  readonly ok: true;
  /** Ready to send; nothing in it is shared with another call. */
  readonly graph: Graph;
  readonly variant: PlanVariant;
  /** The nodes whose files are the result, the main one first. */
  readonly outputNodes: readonly string[];
  /** The model files it uses on that backend. */
  readonly models: readonly string[];
}

interface Unfit {
  readonly ok: false;
  readonly missing: readonly Missing[];
}

interface Candidate {
  readonly variant: PlanVariant;
  readonly template: GraphTemplate;
}

/** @throws RangeError for a plan none of whose variants this version of the package knows. */
function candidatesOf(plan: Plan): Candidate[] {
  const { templates, version } = workflowOf(plan.kind);
  const candidates = plan.variants.flatMap((variant) => {
    const template = templates.find(({ id }) => id === variant.id);
    return template ? [{ variant, template }] : [];
  });
  if (candidates.length) return candidates;
  const asked = plan.variants.map(({ id }) => id).join(", ") || "nothing";
  throw new RangeError(
    `A ${plan.kind} plan of version ${plan.version} asks for ${asked}: version ${version} has ${templates.map(({ id }) => id).join(", ")}.`,
  );
}

function fit({ variant, template }: Candidate, inventory: Inventory) {
  const suit = suitOf(template, inventory);
  return { variant, template, suit, missing: [...suit.missing, ...findUnknownWords(suit, variant.values)] };
}

/** The first variant that the backend can render. */
function fitFirst(plan: Plan, inventory: Inventory) {
  const fits = candidatesOf(plan).map((candidate) => fit(candidate, inventory));
  const ready = fits.find(({ missing }) => missing.length === 0);
  return ready ? { ok: true as const, ...ready } : { ok: false as const, missing: fits[0]?.missing ?? [] };
}

/**
 * Can a backend with this inventory render the plan? The first variant that it can, or everything the preferred variant lacks there.
 *
 * @throws RangeError for a plan of another version of this package that has no variant in common with this one.
 */
export function chooseVariant(
  plan: Plan,
  inventory: Inventory,
): { readonly ok: true; readonly variant: PlanVariant } | Unfit {
  const fitted = fitFirst(plan, inventory);
  return fitted.ok ? { ok: true, variant: fitted.variant } : fitted;
}

/**
 * The exact graph for one backend. Each dispatch binds again, because another backend has other model files and other uploads.
 *
 * @throws TypeError when a media slot has no uploaded name, RangeError as {@link chooseVariant}.
 */
export function bindPlan(plan: Plan, options: BindOptions): BoundPlan | Unfit {
  const fitted = fitFirst(plan, options.inventory);
  if (!fitted.ok) return fitted;
  const { variant, template, suit } = fitted;
  const graph = fillValues(template, variant.values);
  const { media, filenamePrefix } = options;
  fillFiles(template, graph, { models: suit.models, media, filenamePrefix });
  return { ok: true, graph, variant, outputNodes: template.outputs, models: suit.models.map(({ file }) => file) };
}
