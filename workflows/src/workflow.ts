import type { InvalidField, Kind } from "@comfy/contracts";
import type { PlanChoices, PlanOutcome } from "./plan.ts";
import { classesOf, type GraphTemplate } from "./template.ts";

/** A built-in kind: how its input becomes a plan, and the graphs that can render it. */
export interface Workflow {
  readonly kind: Kind;
  /** Rises when a plan made before would render differently. */
  readonly version: number;
  /** The largest seed the sampler takes. */
  readonly seedMax: number;
  readonly templates: readonly GraphTemplate[];
  /** Every node class that any of the templates needs. */
  readonly classes: readonly string[];
  /** Pure: the same input and the same chance give the same plan. Input that is not of this kind is refused. */
  plan(input: unknown, choices: PlanChoices): PlanOutcome;
}

/** The part of a zod schema that is used here. */
interface InputSchema<Input> {
  safeParse(input: unknown):
    | { readonly success: true; readonly data: Input }
    | {
        readonly success: false;
        readonly error: {
          readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
        };
      };
}

export interface WorkflowDefinition<Input> {
  readonly kind: Kind;
  readonly version: number;
  readonly seedMax: number;
  readonly schema: InputSchema<Input>;
  readonly templates: readonly GraphTemplate[];
  plan(input: Input, choices: PlanChoices): PlanOutcome;
}

/** A workflow out of its contract, its graphs and its plan. */
export function createWorkflow<Input>(definition: WorkflowDefinition<Input>): Workflow {
  const { kind, version, seedMax, schema, templates } = definition;
  return {
    kind,
    version,
    seedMax,
    templates,
    classes: [...new Set(templates.flatMap((template) => classesOf(template.graph)))],
    plan(input, choices) {
      const parsed = schema.safeParse(input);
      if (parsed.success) return definition.plan(parsed.data, choices);
      const details: InvalidField[] = parsed.error.issues.map(({ path, message }) => ({
        path: path.join("."),
        message,
      }));
      const message = details
        .map((field) => (field.path ? `${field.path}: ${field.message}` : field.message))
        .join("; ");
      return { ok: false, code: "invalid_input", message, details };
    },
  };
}
