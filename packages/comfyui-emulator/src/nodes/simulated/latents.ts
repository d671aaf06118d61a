import { createImages, type ImageBatch, repeatToCount, withChannels } from "../../media/image.ts";
import { type Canvas, createCanvas } from "../../media/painting/canvas.ts";
import { labelPicture } from "../../media/painting/simulated-image.ts";
import { cropImages, resizeImages } from "../../media/resize.ts";
import { type NodeClass, type NodeContext, NodeError, type NodeInputs, type NodeResult } from "../../node.ts";
import { methodInput } from "../image-nodes.ts";
import { imageInput, node, numberInput, pureNode, textInput } from "../inputs.ts";
import { growMask } from "../mask-nodes.ts";
import { createEmptyLatent, createLatentOf, type Latent, simulatedInput } from "./values.ts";

/** Latents count in blocks of eight pixels; sides are cut down to them. */
const BLOCK = 8;
/** 16384 x 16384 is allowed at validation, but its floats alone would take 3 GB. */
const PIXELS_MAX = 4096 * 4096;
const DECODE_MS = 80;

export const latentNodes: readonly NodeClass[] = [
  pureNode("EmptyLatentImage", (inputs) => [emptyLatent(inputs)]),
  pureNode("EmptySD3LatentImage", (inputs) => [emptyLatent(inputs)]),
  node("VAEEncode", async (inputs, context) => ({ outputs: [await encode(inputs, context)] })),
  node("VAEEncodeForInpaint", async (inputs, context) => {
    const mask = growMask(imageInput(inputs, "mask"), numberInput(inputs, "grow_mask_by", 6), false);
    return { outputs: [{ ...(await encode(inputs, context)), noiseMask: mask }] };
  }),
  node("VAEDecode", decode),
  node("VAEDecodeTiled", decode),
  pureNode("SetLatentNoiseMask", (inputs) => [{ ...latent(inputs), noiseMask: imageInput(inputs, "mask") }]),
  pureNode("LatentUpscale", (inputs) => [
    resizeLatent(inputs, numberInput(inputs, "width"), numberInput(inputs, "height")),
  ]),
  pureNode("LatentUpscaleBy", (inputs) => {
    const { width, height } = latent(inputs);
    const factor = numberInput(inputs, "scale_by");
    return [resizeLatent(inputs, width * factor, height * factor)];
  }),
  pureNode("RepeatLatentBatch", (inputs) => {
    const source = latent(inputs);
    const count = source.count * numberInput(inputs, "amount");
    return [{ ...source, count, images: source.images && repeatToCount(source.images, count) }];
  }),
  pureNode("LatentFromBatch", (inputs) => {
    const source = latent(inputs);
    const start = Math.min(source.count - 1, numberInput(inputs, "batch_index"));
    const count = Math.min(source.count - start, numberInput(inputs, "length"));
    const { images } = source;
    const pick = (batch: ImageBatch): ImageBatch =>
      createImages(
        batch,
        Array.from({ length: count }, (_, index) => batch.at(start + index)),
      );
    return [{ ...source, count, images: images && pick(images) }];
  }),
];

function latent(inputs: NodeInputs): Latent {
  return simulatedInput(inputs, "samples", "latent");
}

function emptyLatent(inputs: NodeInputs): Latent {
  const [width, height] = [toBlocks(numberInput(inputs, "width")), toBlocks(numberInput(inputs, "height"))];
  const count = numberInput(inputs, "batch_size", 1);
  if (width * height * count > PIXELS_MAX) {
    const message = `Allocation on device: the emulator paints at most ${PIXELS_MAX} pixels, ${width}x${height} times ${count} were asked for`;
    throw new NodeError("torch.OutOfMemoryError", message);
  }
  return createEmptyLatent(width, height, count);
}

function toBlocks(pixels: number): number {
  return Math.max(BLOCK, Math.floor(pixels / BLOCK) * BLOCK);
}

async function encode(inputs: NodeInputs, context: NodeContext): Promise<Latent> {
  simulatedInput(inputs, "vae", "model");
  const pixels = withChannels(imageInput(inputs, "pixels"), 3);
  await context.work(DECODE_MS / 2);
  const [width, height] = [toBlocks(pixels.width), toBlocks(pixels.height)];
  if (width > pixels.width || height > pixels.height)
    return createLatentOf(resizeImages(pixels, width, height, "area"));
  const [x, y] = [(pixels.width - width) >> 1, (pixels.height - height) >> 1];
  return createLatentOf(
    width === pixels.width && height === pixels.height ? pixels : cropImages(pixels, x, y, width, height),
  );
}

/** Every decoded picture says on itself that it is simulated, and what was asked for. */
async function decode(inputs: NodeInputs, context: NodeContext): Promise<NodeResult> {
  simulatedInput(inputs, "vae", "model");
  const source = latent(inputs);
  await context.work(DECODE_MS);
  const { width, height } = source;
  const pictures = Array.from({ length: source.count }, (_, index) => {
    const canvas: Canvas = createCanvas(width, height);
    if (source.images === undefined) canvas.data.fill(0.5);
    else canvas.data.set(source.images.at(index));
    labelPicture(canvas, source.label ?? { prompt: "decoded without sampling", seed: "none" });
    return canvas.data;
  });
  return { outputs: [createImages({ width, height, channels: 3 }, pictures)] };
}

function resizeLatent(inputs: NodeInputs, wantedWidth: number, wantedHeight: number): Latent {
  const source = latent(inputs);
  // A side of zero follows from the other.
  const ratio = source.width / source.height;
  const width = toBlocks(wantedWidth === 0 ? wantedHeight * ratio : wantedWidth);
  const height = toBlocks(wantedHeight === 0 ? wantedWidth / ratio : wantedHeight);
  if (wantedWidth === 0 && wantedHeight === 0) return source;
  const crop = textInput(inputs, "crop", "disabled") === "center" ? "center" : "disabled";
  const images = source.images && resizeImages(source.images, width, height, methodInput(inputs), crop);
  return { ...source, width, height, images };
}
