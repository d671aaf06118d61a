import type { ImageInput } from "@comfy/contracts";
import { planPicture } from "../picture/plan.ts";
import { type PlanChoices, type PlanOutcome, refuseField } from "../src/plan.ts";
import { toPlainText } from "../src/text.ts";
import { writeImageWords } from "./prompt.ts";

export const imageVersion = 1;

/** A picture of the caller's own prompt, with the sampling of their choice. */
export function planImage(input: ImageInput, choices: PlanChoices): PlanOutcome {
  const prompt = toPlainText(input.prompt);
  if (!prompt) return refuseField("prompt", "prompt holds no readable text: expected a few words.");
  const negative = input.negative_prompt === undefined ? undefined : toPlainText(input.negative_prompt);
  const request = {
    kind: "image",
    version: imageVersion,
    width: input.width ?? 1024,
    height: input.height ?? 1024,
    steps: input.steps,
    cfg: input.cfg_scale,
    sampler: input.sampler,
    scheduler: input.scheduler,
    model: input.model,
    seed: input.seed,
    wordsFor: (family: "flux" | "sdxl") => writeImageWords(family, prompt, negative),
  } as const;
  return planPicture(request, choices);
}
