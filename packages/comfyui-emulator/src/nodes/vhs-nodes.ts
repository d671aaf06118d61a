import { join } from "node:path";
import { encodeAnimatedWebp } from "../media/animated-webp.ts";
import { durationOf, type Sound, sliceSound } from "../media/audio.ts";
import { decodeAudio } from "../media/decode-audio.ts";
import { encodeH264 } from "../media/h264.ts";
import { createLazyImages, type ImageBatch, toPixels } from "../media/image.ts";
import { writeMp4 } from "../media/mp4.ts";
import { encodePng } from "../media/png.ts";
import {
  type FilePlace,
  type NodeClass,
  type NodeContext,
  NodeError,
  type NodeFiles,
  type NodeInputs,
  type NodeResult,
} from "../node.ts";
import { PythonFloat } from "../python/values.ts";
import { evenSides } from "./even-sides.ts";
import { flagInput, imageInput, node, numberInput, optionalSound, textInput } from "./inputs.ts";
import { asPython } from "./loading-nodes.ts";
import { metadataOf } from "./saving.ts";

export const vhsNodes: readonly NodeClass[] = [
  node("VHS_VideoCombine", combine),
  node("VHS_LoadAudio", async (inputs, { files }) => loadAudio(inputs, files, "audio_file", "seek_seconds"), {
    validates: ["audio_file"],
    validate: (inputs, files) => checkPath(inputs.audio_file, files),
  }),
  node("VHS_LoadAudioUpload", async (inputs, { files }) => loadAudio(inputs, files, "audio", "start_time")),
  node("VHS_SelectFilename", async (inputs) => {
    const value = inputs.filenames;
    const names = Array.isArray(value) && Array.isArray(value[1]) ? value[1] : [];
    return { outputs: [names.at(numberInput(inputs, "index", -1)) ?? null] };
  }),
];

/** Files as the pack leaves them: a PNG of the first frame, the silent video, and with sound a second video. */
async function combine(inputs: NodeInputs, context: NodeContext): Promise<NodeResult> {
  const format = textInput(inputs, "format");
  const sound = optionalSound(inputs, "audio");
  const framesPerSecond = numberInput(inputs, "frame_rate", 8);
  const images = arrange(imageInput(inputs, "images"), inputs, { framesPerSecond, sound });
  const type = flagInput(inputs, "save_output", true) ? "output" : "temp";
  const place = await context.files.place(textInput(inputs, "filename_prefix", "AnimateDiff"), type, images);
  const stem = `${place.filename}_${String(nextCounter(place)).padStart(5, "0")}`;
  const still = await encodePng(toPixels(images, images.at(0)), { text: metadataOf(context) });
  const written = [await context.files.write(place, `${stem}.png`, still)];
  for (const { filename, bytes } of await encode(format, stem, { images, framesPerSecond, sound }, context)) {
    written.push(await context.files.write(place, filename, bytes));
  }
  const last = written.at(-1);
  const preview = {
    ...last,
    format,
    frame_rate: new PythonFloat(framesPerSecond),
    workflow: `${stem}.png`,
    fullpath: join(place.folder, last?.filename ?? ""),
  };
  const paths = written.map(({ filename }) => join(place.folder, filename));
  return { outputs: [[type === "output", paths]], ui: { gifs: [preview] } };
}

interface Clip {
  readonly images: ImageBatch;
  readonly framesPerSecond: number;
  readonly sound: Sound | undefined;
}

async function encode(
  format: string,
  stem: string,
  clip: Clip,
  context: NodeContext,
): Promise<{ filename: string; bytes: Uint8Array }[]> {
  const { images, framesPerSecond, sound } = clip;
  if (format === "image/webp") {
    const frames = Array.from({ length: images.count }, (_, index) => toPixels(images, images.at(index)));
    return [{ filename: `${stem}.webp`, bytes: await encodeAnimatedWebp(frames, framesPerSecond, 80) }];
  }
  if (format !== "video/h264-mp4" && format !== "video/nvenc_h264-mp4") {
    throw new NodeError(
      "NotImplementedError",
      `the emulator does not encode ${format}: use video/h264-mp4 or image/webp`,
    );
  }
  const stream = await encodeH264(evenSides(images), framesPerSecond, context.signal);
  const film = { framesPerSecond, tags: metadataOf(context) };
  const silent = { filename: `${stem}.mp4`, bytes: await writeMp4(stream, film) };
  if (sound === undefined) return [silent];
  return [silent, { filename: `${stem}-audio.mp4`, bytes: await writeMp4(stream, { ...film, sound }) }];
}

/** Forth and back for `pingpong`; cut to the sound for `trim_to_audio`. */
function arrange(
  images: ImageBatch,
  inputs: NodeInputs,
  clip: { framesPerSecond: number; sound: Sound | undefined },
): ImageBatch {
  const { framesPerSecond, sound } = clip;
  const back = flagInput(inputs, "pingpong") ? Math.max(0, images.count - 2) : 0;
  const total = images.count + back;
  const trims = flagInput(inputs, "trim_to_audio") && sound !== undefined;
  const count = trims ? Math.min(total, Math.max(1, Math.round(durationOf(sound) * framesPerSecond))) : total;
  if (count === images.count) return images;
  return createLazyImages(images, count, (index) =>
    images.at(index < images.count ? index : 2 * images.count - 2 - index),
  );
}

/** The pack counts `prefix_00001.ext` as well, where the core nodes want a further underscore. */
function nextCounter(place: FilePlace): number {
  const start = `${place.filename}_`;
  const numbers = place.taken
    .filter((name) => name.startsWith(start))
    .map((name) => Number(/^(\d+)/.exec(name.slice(start.length))?.[1] ?? 0));
  return Math.max(0, ...numbers) + 1;
}

async function loadAudio(inputs: NodeInputs, files: NodeFiles, key: string, startKey: string): Promise<NodeResult> {
  const name = textInput(inputs, key).replace(/^input\//, "");
  const bytes = await files.read(name);
  const sound = await asPython("Exception", () => decodeAudio(bytes));
  const start = Math.round(numberInput(inputs, startKey, 0) * sound.sampleRate);
  const seconds = numberInput(inputs, "duration", 0);
  const end = seconds > 0 ? start + Math.round(seconds * sound.sampleRate) : Number.POSITIVE_INFINITY;
  const part = sliceSound(sound, start, end);
  return { outputs: [part, new PythonFloat(durationOf(part))] };
}

async function checkPath(path: unknown, files: NodeFiles): Promise<true | string> {
  if (typeof path !== "string") return true;
  return files.read(path.replace(/^input\//, "")).then(
    () => true as const,
    () => `audio_file is not a valid path: ${path}`,
  );
}
