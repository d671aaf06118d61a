import { portraitInput } from "@comfy/contracts";
import { pictureTemplates } from "../picture/families.ts";
import { pictureSeedMax } from "../picture/plan.ts";
import { createWorkflow } from "../src/workflow.ts";
import { planPortrait, portraitVersion } from "./plan.ts";

/**
 * A portrait from a few words: `POST /portrait`.
 *
 * `plan.ts` decides sizes and model, `prompt.ts` writes the words (with `subject.ts` and `styles.ts`), and the graphs are those of every
 * picture (`../picture`): Flux.1 schnell as GGUF, as an fp8 checkpoint, then SDXL.
 */
export const portraitWorkflow = createWorkflow({
  kind: "portrait",
  version: portraitVersion,
  seedMax: pictureSeedMax,
  schema: portraitInput,
  templates: pictureTemplates,
  plan: planPortrait,
});
