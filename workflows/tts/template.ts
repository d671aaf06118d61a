import { at, type GraphTemplate } from "../src/template.ts";
import f5TtsGraph from "./f5-tts.json" with { type: "json" };

/** F5-TTS v1. No model slots: the node pack fetches its weights from Hugging Face (SWivid/F5-TTS) on first use. */
export const f5Tts: GraphTemplate = {
  id: "f5-tts",
  model: "f5-tts",
  graph: f5TtsGraph,
  values: {
    speech: [at("speech", "speech")],
    voiceText: [at("speech", "sample_text")],
    speed: [at("speech", "speed")],
    seed: [at("speech", "seed")],
  },
  media: { voice_reference: at("voice", "audio") },
  models: [],
  outputs: ["save"],
};
