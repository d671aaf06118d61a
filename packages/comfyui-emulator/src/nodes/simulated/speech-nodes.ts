import { createHash } from "node:crypto";
import { extname } from "node:path";
import type { Sound } from "../../media/audio.ts";
import { decodeAudio } from "../../media/decode-audio.ts";
import { simulateSpeech } from "../../media/speech.ts";
import {
  type NodeClass,
  type NodeContext,
  NodeError,
  type NodeFiles,
  type NodeInputs,
  type NodeResult,
} from "../../node.ts";
import { node, numberInput, optionalSound, seedInput, soundInput, textInput } from "../inputs.ts";
import { asPython } from "../loading-nodes.ts";

/** F5-TTS speaks in chunks of about this many characters and reports one step for each. */
const CHUNK_CHARACTERS = 135;
const CHUNK_MS = 350;
/** The text that stands in `sample_text` until somebody writes the real one. */
const UNCHANGED_TEXT = "Text of sample_audio";
/** The pack's own change check fails every time, so its nodes are never cached. */
const neverCached = { fingerprint: async () => Number.NaN };

export const speechNodes: readonly NodeClass[] = [
  node(
    "F5TTSAudioInputs",
    (inputs, context) => speak(inputs, context, soundInput(inputs, "sample_audio")),
    neverCached,
  ),
  node(
    "F5TTSAudio",
    async (inputs, context) => speak(inputs, context, await readVoice(inputs, context.files)),
    neverCached,
  ),
  node(
    "F5TTSAudioAdvanced",
    async (inputs, context) => {
      const linked = optionalSound(inputs, "sample_audio");
      if (linked !== undefined && textInput(inputs, "sample_text", UNCHANGED_TEXT) === UNCHANGED_TEXT) {
        throw new NodeError("Exception", "Must change sample_text to what was said in the audio");
      }
      return speak(inputs, context, linked ?? (await readVoice(inputs, context.files)));
    },
    neverCached,
  ),
];

async function speak(inputs: NodeInputs, context: NodeContext, sample: Sound): Promise<NodeResult> {
  const text = textInput(inputs, "speech");
  const seed = seedInput(inputs, "seed");
  const chunks = Math.max(1, Math.ceil(text.length / CHUNK_CHARACTERS));
  for (let chunk = 1; chunk <= chunks; chunk++) {
    await context.work(CHUNK_MS);
    await context.progress(chunk, chunks);
  }
  const sound = simulateSpeech({
    text,
    seed: seed === "-1" ? crypto.randomUUID() : seed,
    speed: Math.max(0.1, numberInput(inputs, "speed", 1)),
    voice: voicePrint(sample),
  });
  return { outputs: [sound] };
}

/** The same sample gives the same pitch. */
function voicePrint(sample: Sound): string {
  const hash = createHash("sha256");
  for (const channel of sample.channels) {
    hash.update(new Uint8Array(channel.buffer, channel.byteOffset, Math.min(channel.byteLength, 400_000)));
  }
  return hash.digest("hex");
}

/** A stored voice counts only with its transcript beside it. */
async function readVoice(inputs: NodeInputs, files: NodeFiles): Promise<Sound> {
  const name = textInput(inputs, "sample");
  await files.read(`${name.slice(0, name.length - extname(name).length)}.txt`);
  const bytes = await files.read(name);
  return asPython("av.error.InvalidDataError", () => decodeAudio(bytes));
}
