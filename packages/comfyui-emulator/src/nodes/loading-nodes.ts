import { createHash } from "node:crypto";
import { decodeAudio } from "../media/decode-audio.ts";
import { decodeImage } from "../media/decode-image.ts";
import { createImages, type ImageBatch, type Pixels, toFloats } from "../media/image.ts";
import { type NodeClass, NodeError, type NodeFiles, type NodeInputs } from "../node.ts";
import { node, textInput } from "./inputs.ts";

/** What ComfyUI hands out as the mask of a picture without transparency. */
const EMPTY_MASK = { width: 64, height: 64, channels: 1 };

export const loadingNodes: readonly NodeClass[] = [
  node(
    "LoadImage",
    async (inputs, { files }) => {
      const pixels = await readImage(files, textInput(inputs, "image"));
      return { outputs: [colours(pixels), mask(pixels, 3)] };
    },
    fromFile("image", "image"),
  ),
  node(
    "LoadImageMask",
    async (inputs, { files }) => {
      const pixels = await readImage(files, textInput(inputs, "image"));
      const channel = ["red", "green", "blue", "alpha"].indexOf(textInput(inputs, "channel"));
      return { outputs: [channel === 3 ? opaqueMask(pixels) : mask(pixels, channel)] };
    },
    fromFile("image", "image"),
  ),
  node(
    "LoadAudio",
    async (inputs, { files }) => {
      const bytes = await files.read(textInput(inputs, "audio"));
      return { outputs: [await asPython("av.error.InvalidDataError", () => decodeAudio(bytes))] };
    },
    fromFile("audio", "audio"),
  ),
];

/** The fingerprint and the check of classes that read a file: its hash, and whether it is there. */
export function fromFile(key: string, noun: string): Pick<NodeClass, "fingerprint" | "validate" | "validates"> {
  return {
    validates: [key],
    fingerprint: async (inputs: NodeInputs, files: NodeFiles) =>
      createHash("sha256")
        .update(await files.read(textInput(inputs, key)))
        .digest("hex"),
    validate: async (inputs: NodeInputs, files: NodeFiles) => {
      const name = inputs[key];
      if (typeof name !== "string") return true;
      return files.read(name).then(
        () => true as const,
        () => `Invalid ${noun} file: ${name}`,
      );
    },
  };
}

async function readImage(files: NodeFiles, name: string): Promise<Pixels> {
  const bytes = await files.read(name);
  return asPython("PIL.UnidentifiedImageError", () => decodeImage(bytes));
}

/** Gives errors of our codecs the exception type that a client would see from the real server. */
export async function asPython<Value>(exceptionType: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw new NodeError(exceptionType, error instanceof Error ? error.message : String(error));
  }
}

function colours(pixels: Pixels): ImageBatch {
  const size = { width: pixels.width, height: pixels.height, channels: 3 };
  if (pixels.channels === 3) return createImages(size, [toFloats(pixels)]);
  const data = new Uint8Array(size.width * size.height * 3);
  for (let pixel = 0; pixel < size.width * size.height; pixel++) {
    data.set(pixels.data.subarray(pixel * 4, pixel * 4 + 3), pixel * 3);
  }
  return createImages(size, [toFloats({ ...size, data })]);
}

/** A colour channel as it is; alpha turned round (transparent = 1), and a small empty mask where there is none. */
function mask(pixels: Pixels, channel: number): ImageBatch {
  if (channel >= pixels.channels) return createImages(EMPTY_MASK, [new Float32Array(64 * 64)]);
  const size = { width: pixels.width, height: pixels.height, channels: 1 };
  const values = Float32Array.from({ length: size.width * size.height }, (_, pixel) => {
    const value = Math.fround((pixels.data[pixel * pixels.channels + channel] ?? 0) / 255);
    return channel === 3 ? 1 - value : value;
  });
  return createImages(size, [values]);
}

/** LoadImageMask makes every picture RGBA first: without alpha its mask is all zero, but of full size. */
function opaqueMask(pixels: Pixels): ImageBatch {
  if (pixels.channels === 4) return mask(pixels, 3);
  const size = { width: pixels.width, height: pixels.height, channels: 1 };
  return createImages(size, [new Float32Array(size.width * size.height)]);
}
