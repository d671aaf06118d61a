import { ttsInput } from "@comfy/contracts";
import { createWorkflow } from "../src/workflow.ts";
import { planTts, ttsSeedMax, ttsVersion } from "./plan.ts";
import { f5Tts } from "./template.ts";

/**
 * Text to speech: `POST /tts`.
 *
 * F5-TTS clones the voice of a short recording, given exactly what is said in it. `voice/` holds the one used when the caller sends none.
 */
export const ttsWorkflow = createWorkflow({
  kind: "tts",
  version: ttsVersion,
  seedMax: ttsSeedMax,
  schema: ttsInput,
  templates: [f5Tts],
  plan: planTts,
});
