import type { ErrorCode, InvalidField, Kind } from "@comfy/contracts";

export type MediaKind = "image" | "audio";

/** Where the bytes of an input come from: what the caller wrote, or a file that ships with this package (see `builtinFile`). */
export type MediaReference =
  | { readonly from: "caller"; readonly text: string }
  | { readonly from: "builtin"; readonly file: string };

/** One input file of a plan, named after the field that carries it. */
export interface MediaSlot {
  readonly name: string;
  readonly accepts: MediaKind;
  readonly reference: MediaReference;
}

export type PlanValue = string | number | boolean;

/** One way to render a plan. Which one runs is decided by what a backend has. */
export interface PlanVariant {
  /** The graph it is rendered with, e.g. `flux-schnell-gguf`. */
  readonly id: string;
  /** The public word reported as `model`, e.g. `flux-schnell`. */
  readonly model: string;
  /** The words as a person reads them; in `values` they are escaped for the node that takes them. */
  readonly words?: { readonly positive: string; readonly negative?: string };
  /** By name; the graph says which node and input each goes to. */
  readonly values: Readonly<Record<string, PlanValue>>;
}

/** Everything decided when a job is accepted. Plain JSON: it is stored on the job and read back by another process, perhaps another version. */
export interface Plan {
  readonly kind: Kind;
  readonly workflow: string;
  readonly version: number;
  readonly seed: number;
  /** In order of preference; never empty. */
  readonly variants: readonly PlanVariant[];
  readonly media: readonly MediaSlot[];
}

export interface PlanRefusal {
  readonly ok: false;
  readonly code: Extract<ErrorCode, "invalid_input" | "voice_text_required">;
  /** A sentence for the caller. */
  readonly message: string;
  readonly details: readonly InvalidField[];
}

export type PlanOutcome = { readonly ok: true; readonly plan: Plan } | PlanRefusal;

/** The chance a plan may take. */
export interface PlanChoices {
  /** An integer from 0 to `max`, both included. */
  randomSeed(max: number): number;
}

export function refuseField(path: string, message: string, code: PlanRefusal["code"] = "invalid_input"): PlanRefusal {
  return { ok: false, code, message, details: [{ path, message }] };
}
