import { createImages, createLazyImages, type ImageBatch, mapImages } from "../media/image.ts";
import { type NodeClass, NodeError } from "../node.ts";
import { invertImages } from "./image-arithmetic.ts";
import { flagInput, imageInput, numberInput, pureNode, textInput } from "./inputs.ts";

const CHANNELS = ["red", "green", "blue", "alpha"];

export const maskNodes: readonly NodeClass[] = [
  pureNode("SolidMask", (inputs) => {
    const size = { width: numberInput(inputs, "width"), height: numberInput(inputs, "height"), channels: 1 };
    const mask = new Float32Array(size.width * size.height).fill(numberInput(inputs, "value"));
    return [createImages(size, [mask])];
  }),
  pureNode("InvertMask", (inputs) => [invertImages(imageInput(inputs, "mask"))]),
  pureNode("GrowMask", (inputs) => [
    growMask(imageInput(inputs, "mask"), numberInput(inputs, "expand"), flagInput(inputs, "tapered_corners", true)),
  ]),
  pureNode("MaskToImage", (inputs) => {
    const mask = imageInput(inputs, "mask");
    return [
      mapImages(mask, { width: mask.width, height: mask.height, channels: 3 }, (source, target) => {
        for (let at = 0; at < source.length; at++) target.fill(source[at] ?? 0, at * 3, at * 3 + 3);
      }),
    ];
  }),
  pureNode("ImageToMask", (inputs) => {
    const image = imageInput(inputs, "image");
    return [pickChannel(image, CHANNELS.indexOf(textInput(inputs, "channel")))];
  }),
];

/** One channel as a mask. */
function pickChannel(image: ImageBatch, channel: number): ImageBatch {
  if (channel < 0 || channel >= image.channels) {
    throw new NodeError("IndexError", `index ${channel} is out of bounds for dimension 3 with size ${image.channels}`);
  }
  return mapImages(image, { width: image.width, height: image.height, channels: 1 }, (source, target) => {
    for (let at = 0; at < target.length; at++) target[at] = source[at * image.channels + channel] ?? 0;
  });
}

/** Grows (or shrinks, when negative) by one pixel at a time: up, down, left, right, and over corners unless tapered. */
export function growMask(mask: ImageBatch, expand: number, hasTaperedCorners: boolean): ImageBatch {
  const { width, height } = mask;
  const better = expand < 0 ? Math.min : Math.max;
  const step = hasTaperedCorners ? growCross : growSquare;
  // Beyond the longer side nothing changes any more, while inputs may ask for 16384 rounds.
  const rounds = Math.min(Math.abs(expand), width + height);
  const pictures = Array.from({ length: mask.count }, (_, index) => {
    let current = mask.at(index);
    for (let round = 0; round < rounds; round++) current = step(current, width, height, better);
    return current;
  });
  return expand === 0 ? createLazyImages(mask, mask.count, mask.at) : createImages(mask, pictures);
}

type Better = (a: number, b: number) => number;

function growCross(source: Float32Array, width: number, height: number, better: Better): Float32Array {
  const target = new Float32Array(source.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      let value = source[at] ?? 0;
      if (x > 0) value = better(value, source[at - 1] ?? 0);
      if (x < width - 1) value = better(value, source[at + 1] ?? 0);
      if (y > 0) value = better(value, source[at - width] ?? 0);
      if (y < height - 1) value = better(value, source[at + width] ?? 0);
      target[at] = value;
    }
  }
  return target;
}

/** A square is a row step followed by a column step. */
function growSquare(source: Float32Array, width: number, height: number, better: Better): Float32Array {
  const rows = source.map((value, at) => {
    const x = at % width;
    const left = x > 0 ? (source[at - 1] ?? 0) : value;
    return better(better(value, left), x < width - 1 ? (source[at + 1] ?? 0) : value);
  });
  return rows.map((value, at) => {
    const above = at >= width ? (rows[at - width] ?? 0) : value;
    return better(better(value, above), at + width < width * height ? (rows[at + width] ?? 0) : value);
  });
}
