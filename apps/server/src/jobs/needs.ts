import type { Plan } from "@comfy/workflows";

/** What a backend must offer for a plan, as one word: jobs with the same word run on the same backends. */
export function toNeeds({ kind, variants }: Pick<Plan, "kind" | "variants">): string {
  return `${kind}/${variants.map(({ id }) => id).join("+")}`;
}
