import { lipsyncInput, lipsyncSeedMax } from "@comfy/contracts";
import { createWorkflow } from "../src/workflow.ts";
import { lipsyncVersion, planLipsync } from "./plan.ts";
import { sonic } from "./template.ts";

/**
 * A portrait that speaks: `POST /lipsync`.
 *
 * Sonic drives one face with one recording. The picture wants a single face towards the camera, which is what `portrait` makes; speech
 * longer than `lipsyncSecondsMax` is cut there.
 */
export const lipsyncWorkflow = createWorkflow({
  kind: "lipsync",
  version: lipsyncVersion,
  seedMax: lipsyncSeedMax,
  schema: lipsyncInput,
  templates: [sonic],
  plan: planLipsync,
});
