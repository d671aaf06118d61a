import type { TtsInput } from "@comfy/contracts";
import { type MediaReference, type PlanChoices, type PlanOutcome, type PlanRefusal, refuseField } from "../src/plan.ts";
import { decideSeed } from "../src/seed.ts";
import { toPlainText, toSpeechText } from "../src/text.ts";
import { f5Tts } from "./template.ts";
import { defaultVoice } from "./voice/default.ts";

export const ttsVersion = 1;

/** F5-TTS takes more, but JSON numbers are exact only up to here. */
export const ttsSeedMax = Number.MAX_SAFE_INTEGER;

interface Voice {
  readonly reference: MediaReference;
  readonly text: string;
}

/** F5-TTS aligns a reference with its words: one without the other cannot be used. */
function chooseVoice({ voice_reference, voice_text }: TtsInput): Voice | PlanRefusal {
  const text = toPlainText(voice_text ?? "");
  if (voice_reference === undefined) {
    if (!text) return { reference: { from: "builtin", file: defaultVoice.file }, text: defaultVoice.text };
    return refuseField(
      "voice_text",
      "voice_text was sent without voice_reference: expected the recording whose words it gives.",
    );
  }
  if (text) return { reference: { from: "caller", text: voice_reference }, text };
  const message =
    "voice_text is missing: expected exactly what is said in voice_reference, because the model aligns the two.";
  return refuseField("voice_text", message, "voice_text_required");
}

// On our wire 2 is twice as fast; on the node 2 is twice as long. Two decimals are the step of the node.
const toNodeSpeed = (speed: number): number => Math.round(100 / speed) / 100;

/** The text, spoken with the caller's voice or ours. */
export function planTts(input: TtsInput, choices: PlanChoices): PlanOutcome {
  const speech = toPlainText(input.text);
  if (!speech) return refuseField("text", "text holds no readable text: expected something to say.");
  const voice = chooseVoice(input);
  if ("ok" in voice) return voice;
  const seed = decideSeed(input.seed, ttsSeedMax, choices);
  if (!seed.ok) return seed;
  const values = {
    speech: toSpeechText(speech),
    voiceText: toSpeechText(voice.text),
    speed: toNodeSpeed(input.speed ?? 1),
    seed: seed.seed,
  };
  return {
    ok: true,
    plan: {
      kind: "tts",
      workflow: "tts",
      version: ttsVersion,
      seed: seed.seed,
      variants: [{ id: f5Tts.id, model: f5Tts.model, values }],
      media: [{ name: "voice_reference", accepts: "audio", reference: voice.reference }],
    },
  };
}
