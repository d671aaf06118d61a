import { imageInput } from "@comfy/contracts";
import { pictureTemplates } from "../picture/families.ts";
import { pictureSeedMax } from "../picture/plan.ts";
import { createWorkflow } from "../src/workflow.ts";
import { imageVersion, planImage } from "./plan.ts";

/**
 * A picture from a prompt: `POST /image`.
 *
 * The prompt is the caller's, word for word (`prompt.ts`); the graphs are those of every picture (`../picture`).
 */
export const imageWorkflow = createWorkflow({
  kind: "image",
  version: imageVersion,
  seedMax: pictureSeedMax,
  schema: imageInput,
  templates: pictureTemplates,
  plan: planImage,
});
