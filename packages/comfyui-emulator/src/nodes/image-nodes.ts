import { createLazyImages, type ImageBatch, withChannels } from "../media/image.ts";
import { cropImages, type ResizeMethod, resizeImages, roundHalfEven } from "../media/resize.ts";
import { type NodeClass, NodeError, type NodeInputs } from "../node.ts";
import { findEdges } from "./edges.ts";
import { blendImages, blurImages, invertImages, joinBatches, sharpenImages } from "./image-arithmetic.ts";
import { compositeImages, padForOutpaint } from "./image-placement.ts";
import { flagInput, imageInput, numberInput, optionalImage, pureNode, textInput } from "./inputs.ts";

const RESIZE_METHODS: readonly string[] = ["nearest-exact", "bilinear", "area", "bicubic", "lanczos", "bislerp"];

/** The classes that turn pictures into pictures, pixel for pixel as ComfyUI does. */
export const imageNodes: readonly NodeClass[] = [
  pureNode("EmptyImage", (inputs) => [emptyImage(inputs)]),
  pureNode("ImageInvert", (inputs) => [invertImages(imageInput(inputs, "image"))]),
  pureNode("ImageBlend", (inputs) => {
    const [first, second] = sameChannels(imageInput(inputs, "image1"), imageInput(inputs, "image2"));
    return [blendImages(first, second, numberInput(inputs, "blend_factor"), textInput(inputs, "blend_mode"))];
  }),
  pureNode("ImageBlur", (inputs) => [
    blurImages(imageInput(inputs, "image"), numberInput(inputs, "blur_radius"), numberInput(inputs, "sigma")),
  ]),
  pureNode("ImageSharpen", (inputs) => {
    const radius = numberInput(inputs, "sharpen_radius");
    return [
      sharpenImages(imageInput(inputs, "image"), radius, numberInput(inputs, "sigma"), numberInput(inputs, "alpha")),
    ];
  }),
  pureNode("ImageScale", (inputs) => [scaleImage(inputs)]),
  pureNode("ImageScaleBy", (inputs) => {
    const image = imageInput(inputs, "image");
    const factor = numberInput(inputs, "scale_by");
    const width = roundHalfEven(image.width * factor);
    const height = roundHalfEven(image.height * factor);
    return [resizeImages(image, width, height, methodInput(inputs))];
  }),
  pureNode("ImageCrop", (inputs) => [cropImage(inputs)]),
  pureNode("ImageBatch", (inputs) => {
    const [first, second] = sameChannels(imageInput(inputs, "image1"), imageInput(inputs, "image2"));
    return [joinBatches(first, second)];
  }),
  pureNode("ImagePadForOutpaint", (inputs) => {
    const { image, mask } = padForOutpaint(imageInput(inputs, "image"), {
      left: numberInput(inputs, "left"),
      top: numberInput(inputs, "top"),
      right: numberInput(inputs, "right"),
      bottom: numberInput(inputs, "bottom"),
      feathering: numberInput(inputs, "feathering"),
    });
    return [image, mask];
  }),
  pureNode("ImageCompositeMasked", (inputs) => [
    compositeImages(imageInput(inputs, "destination"), imageInput(inputs, "source"), {
      x: numberInput(inputs, "x"),
      y: numberInput(inputs, "y"),
      resizeSource: flagInput(inputs, "resize_source"),
      mask: optionalImage(inputs, "mask"),
    }),
  ]),
  pureNode("Canny", (inputs) => [
    findEdges(imageInput(inputs, "image"), numberInput(inputs, "low_threshold"), numberInput(inputs, "high_threshold")),
  ]),
];

function emptyImage(inputs: NodeInputs): ImageBatch {
  const size = { width: numberInput(inputs, "width"), height: numberInput(inputs, "height"), channels: 3 };
  const colour = numberInput(inputs, "color");
  const levels = [(colour >> 16) & 255, (colour >> 8) & 255, colour & 255].map((level) => level / 255);
  const picture = new Float32Array(size.width * size.height * 3);
  for (let at = 0; at < picture.length; at += 3) picture.set(levels, at);
  return createLazyImages(size, numberInput(inputs, "batch_size", 1), () => picture);
}

/** A side of zero follows from the other; two zeroes leave the picture as it is. */
function scaleImage(inputs: NodeInputs): ImageBatch {
  const image = imageInput(inputs, "image");
  let width = numberInput(inputs, "width");
  let height = numberInput(inputs, "height");
  if (width === 0 && height === 0) return image;
  if (width === 0) width = Math.max(1, roundHalfEven((image.width * height) / image.height));
  if (height === 0) height = Math.max(1, roundHalfEven((image.height * width) / image.width));
  const crop = textInput(inputs, "crop") === "center" ? "center" : "disabled";
  return resizeImages(image, width, height, methodInput(inputs), crop);
}

/** A window that overhangs is cut at the edge; one that starts outside starts at the last pixel. */
function cropImage(inputs: NodeInputs): ImageBatch {
  const image = imageInput(inputs, "image");
  const x = Math.min(numberInput(inputs, "x"), image.width - 1);
  const y = Math.min(numberInput(inputs, "y"), image.height - 1);
  const width = Math.min(numberInput(inputs, "width"), image.width - x);
  const height = Math.min(numberInput(inputs, "height"), image.height - y);
  return cropImages(image, x, y, width, height);
}

export function methodInput(inputs: NodeInputs): ResizeMethod {
  const method = textInput(inputs, "upscale_method");
  if (!isResizeMethod(method)) throw new NodeError("ValueError", `Unknown upscale method: ${method}`);
  return method;
}

function isResizeMethod(method: string): method is ResizeMethod {
  return RESIZE_METHODS.includes(method);
}

function sameChannels(first: ImageBatch, second: ImageBatch): [ImageBatch, ImageBatch] {
  if (first.channels === second.channels) return [first, second];
  return [withChannels(first, 4), withChannels(second, 4)];
}
