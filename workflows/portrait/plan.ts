import type { PortraitInput } from "@comfy/contracts";
import { planPicture } from "../picture/plan.ts";
import { type PlanChoices, type PlanOutcome, refuseField } from "../src/plan.ts";
import { toPlainText } from "../src/text.ts";
import { writePortraitWords } from "./prompt.ts";

export const portraitVersion = 1;

const toOptionalText = (text: string | undefined): string | undefined => toPlainText(text ?? "") || undefined;

/** A portrait of whoever is described, upright unless the caller says otherwise. */
export function planPortrait(input: PortraitInput, choices: PlanChoices): PlanOutcome {
  const description = toPlainText(input.description);
  if (!description) return refuseField("description", "description holds no readable text: expected a few words.");
  const wish = {
    description,
    style: toOptionalText(input.style),
    expression: toOptionalText(input.expression?.replace(/[.!\s]+$/, ""))?.replace(/^\p{Lu}(?=\p{Ll})/u, (letter) =>
      letter.toLowerCase(),
    ),
    gender: toOptionalText(input.gender),
    negative: toOptionalText(input.negative_prompt),
  };
  const request = {
    kind: "portrait",
    version: portraitVersion,
    width: input.width ?? 768,
    height: input.height ?? 1024,
    model: input.model,
    seed: input.seed,
    wordsFor: (family: "flux" | "sdxl") => writePortraitWords(family, wish),
  } as const;
  return planPicture(request, choices);
}
