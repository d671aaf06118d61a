import { encodeAnimatedWebp } from "../media/animated-webp.ts";
import { type ImageBatch, toPixels } from "../media/image.ts";
import { encodeAnimatedPng, encodePng } from "../media/png.ts";
import type { NodeClass, NodeContext, NodeInputs, NodeResult } from "../node.ts";
import { flagInput, imageInput, node, numberInput, textInput } from "./inputs.ts";
import { metadataOf, saveNumbered, temporaryPrefix } from "./saving.ts";

export const imageSavingNodes: readonly NodeClass[] = [
  node("SaveImage", (inputs, context) => {
    const images = imageInput(inputs, "images");
    return savePngs(images, context, {
      prefix: textInput(inputs, "filename_prefix", "ComfyUI"),
      type: "output",
      level: 4,
    });
  }),
  node("PreviewImage", (inputs, context) =>
    savePngs(imageInput(inputs, "images"), context, { prefix: temporaryPrefix(context), type: "temp", level: 1 }),
  ),
  node("SaveAnimatedPNG", (inputs, context) => {
    const level = numberInput(inputs, "compress_level", 4);
    const text = metadataOf(context);
    return saveAnimation(inputs, context, "png", (images) =>
      encodeAnimatedPng(framesOf(images), numberInput(inputs, "fps"), { level, text }),
    );
  }),
  node("SaveAnimatedWEBP", (inputs, context) =>
    saveAnimation(inputs, context, "webp", (images) => {
      const quality = flagInput(inputs, "lossless", true) ? undefined : numberInput(inputs, "quality", 80);
      return encodeAnimatedWebp(framesOf(images), numberInput(inputs, "fps"), quality);
    }),
  ),
];

async function savePngs(
  images: ImageBatch,
  context: NodeContext,
  options: { prefix: string; type: "output" | "temp"; level: number },
): Promise<NodeResult> {
  const text = metadataOf(context);
  const { prefix, type, level } = options;
  const files = { prefix, type, extension: "png", count: images.count, size: images };
  const references = await saveNumbered(context, files, (index) =>
    encodePng(toPixels(images, images.at(index)), { text, level }),
  );
  return { outputs: [], ui: { images: references } };
}

async function saveAnimation(
  inputs: NodeInputs,
  context: NodeContext,
  extension: string,
  encode: (images: ImageBatch) => Promise<Uint8Array>,
): Promise<NodeResult> {
  const images = imageInput(inputs, "images");
  const prefix = textInput(inputs, "filename_prefix", "ComfyUI");
  const files = { prefix, type: "output" as const, extension, count: 1, size: images };
  const references = await saveNumbered(context, files, () => encode(images));
  return { outputs: [], ui: { images: references, animated: [true] } };
}

function framesOf(images: ImageBatch): ReturnType<typeof toPixels>[] {
  return Array.from({ length: images.count }, (_, index) => toPixels(images, images.at(index)));
}
