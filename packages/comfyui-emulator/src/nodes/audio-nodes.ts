import type { Sound } from "../media/audio.ts";
import { encodeFlac } from "../media/flac-encode.ts";
import { encodeMp3 } from "../media/mp3.ts";
import { roundHalfEven } from "../media/resize.ts";
import { type NodeClass, type NodeContext, NodeError, type NodeResult } from "../node.ts";
import { adjustVolume, concatSounds, mergeSounds, splitChannels, trimSound } from "./audio-arithmetic.ts";
import { node, numberInput, pureNode, soundInput, textInput } from "./inputs.ts";
import { metadataOf, saveNumbered, temporaryPrefix } from "./saving.ts";

/** LAME's variable bitrate V0 averages near this; the encoder here writes constant rates only. */
const MP3_BITRATES: Readonly<Record<string, number>> = { V0: 256_000, "128k": 128_000, "320k": 320_000 };

export const audioNodes: readonly NodeClass[] = [
  pureNode("EmptyAudio", (inputs) => {
    const sampleRate = numberInput(inputs, "sample_rate");
    const length = roundHalfEven(numberInput(inputs, "duration") * sampleRate);
    const silence = new Float32Array(length);
    return [{ sampleRate, channels: Array.from({ length: numberInput(inputs, "channels") }, () => silence) }];
  }),
  pureNode("AudioConcat", (inputs) => {
    const [first, second] = [soundInput(inputs, "audio1"), soundInput(inputs, "audio2")];
    return [
      textInput(inputs, "direction", "after") === "after" ? concatSounds(first, second) : concatSounds(second, first),
    ];
  }),
  pureNode("AudioMerge", (inputs) => [
    mergeSounds(soundInput(inputs, "audio1"), soundInput(inputs, "audio2"), textInput(inputs, "merge_method")),
  ]),
  pureNode("AudioAdjustVolume", (inputs) => [adjustVolume(soundInput(inputs, "audio"), numberInput(inputs, "volume"))]),
  pureNode("TrimAudioDuration", (inputs) => [
    trimSound(soundInput(inputs, "audio"), numberInput(inputs, "start_index"), numberInput(inputs, "duration")),
  ]),
  pureNode("SplitAudioChannels", (inputs) => splitChannels(soundInput(inputs, "audio"))),
  node("SaveAudio", (inputs, context) => {
    const prefix = textInput(inputs, "filename_prefix", "audio/ComfyUI");
    return saveFlac(soundInput(inputs, "audio"), context, prefix, "output");
  }),
  node("PreviewAudio", (inputs, context) =>
    saveFlac(soundInput(inputs, "audio"), context, temporaryPrefix(context), "temp"),
  ),
  node("SaveAudioMP3", async (inputs, context) => {
    const sound = soundInput(inputs, "audio");
    const bitrate = MP3_BITRATES[textInput(inputs, "quality", "V0")] ?? 128_000;
    const prefix = textInput(inputs, "filename_prefix", "audio/ComfyUI");
    const files = { prefix, type: "output" as const, extension: "mp3", count: 1 };
    const references = await saveNumbered(context, files, () => encodeMp3(sound, bitrate, metadataOf(context)));
    return { outputs: [], ui: { audio: references } };
  }),
  node("SaveAudioOpus", async () => {
    const message = "the emulator has no Opus encoder: use SaveAudio (FLAC) or SaveAudioMP3, or a real ComfyUI";
    throw new NodeError("RuntimeError", message);
  }),
];

async function saveFlac(
  sound: Sound,
  context: NodeContext,
  prefix: string,
  type: "output" | "temp",
): Promise<NodeResult> {
  const files = { prefix, type, extension: "flac", count: 1 };
  const references = await saveNumbered(context, files, async () => encodeFlac(sound, metadataOf(context)));
  return { outputs: [], ui: { audio: references } };
}
