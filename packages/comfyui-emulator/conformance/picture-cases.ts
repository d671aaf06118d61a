import type { Graph } from "./prompts.ts";

/** One piece of picture arithmetic, without models. Its result is the picture that node `save` writes. */
export interface PictureCase {
  readonly graph: Graph;
  /** How far a value may be from the recorded one, in steps of 1/255: 0 where nothing is rounded, else 1. */
  readonly tolerance: number;
}

type Inputs = Readonly<Record<string, unknown>>;
type Link = readonly [string, number];
const A: Link = ["a", 0];
const B: Link = ["b", 0];
const X: Link = ["x", 0];
const mask: Link = ["a", 1];
const METHODS = ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"];

const sources: Graph = {
  a: { class_type: "LoadImage", inputs: { image: "conformance-input.png" } },
  b: { class_type: "LoadImage", inputs: { image: "conformance-second.png" } },
};

function withSave(nodes: Graph, images: Link): Graph {
  const all: Graph = { ...sources, ...nodes };
  const save = { class_type: "SaveImage", inputs: { images, filename_prefix: "conformance/picture" } };
  const needed = new Set<string>();
  const visit = (id: string): void => {
    needed.add(id);
    for (const value of Object.values(all[id]?.inputs ?? {}).filter(Array.isArray)) {
      visit(String(value[0]));
    }
  };
  visit(images[0]);
  return { ...Object.fromEntries(Object.entries(all).filter(([id]) => needed.has(id))), save };
}

const picture = (classType: string, inputs: Inputs, tolerance = 1): PictureCase => ({
  graph: withSave({ x: { class_type: classType, inputs } }, X),
  tolerance,
});
/** The same for a class that gives a mask. */
const masked = (classType: string, inputs: Inputs, tolerance = 0, slot = 0): PictureCase => ({
  graph: withSave(
    { x: { class_type: classType, inputs }, shown: { class_type: "MaskToImage", inputs: { mask: ["x", slot] } } },
    ["shown", 0],
  ),
  tolerance,
});

/** Pillow does lanczos in two rounded passes; since version 13 it takes the shorter way first, which shows in both-ways scaling. */
const EITHER_WAY_FIRST = 6;

const scale = (upscale_method: string, width: number, height: number, crop = "disabled", tolerance = 1): PictureCase =>
  picture(
    "ImageScale",
    { image: A, upscale_method, width, height, crop },
    upscale_method === "nearest-exact" ? 0 : tolerance,
  );

function scaling(): Record<string, PictureCase> {
  const cases = METHODS.map((method): [string, PictureCase][] => [
    [`scale-${method}-down`, scale(method, 17, 11)],
    [`scale-${method}-up`, scale(method, 61, 50)],
    [`scale-${method}-mixed`, scale(method, 90, 9, "disabled", method === "lanczos" ? EITHER_WAY_FIRST : 1)],
    [`scale-${method}-centre`, scale(method, 30, 30, "center")],
    [
      `scale-by-${method}`,
      picture("ImageScaleBy", { image: B, upscale_method: method, scale_by: 1.7 }, method === "nearest-exact" ? 0 : 1),
    ],
  ]);
  return {
    ...Object.fromEntries(cases.flat()),
    "scale-free-height": scale("bilinear", 20, 0),
    "scale-free-width": scale("bilinear", 0, 60),
    "scale-nothing": scale("bilinear", 0, 0),
    "scale-by-less": picture("ImageScaleBy", { image: B, upscale_method: "area", scale_by: 0.35 }),
  };
}

function blending(): Record<string, PictureCase> {
  const modes = ["normal", "multiply", "screen", "overlay", "soft_light", "difference"];
  const blend = (image1: Link, image2: Link, blend_mode: string, blend_factor: number): PictureCase =>
    picture("ImageBlend", { image1, image2, blend_mode, blend_factor });
  return {
    ...Object.fromEntries(modes.map((mode) => [`blend-${mode}`, blend(A, B, mode, 0.6)])),
    "blend-none": blend(A, B, "normal", 0),
    "blend-onto-larger": blend(B, A, "screen", 1),
  };
}

function placing(): Record<string, PictureCase> {
  const crop = (width: number, height: number, x: number, y: number) =>
    picture("ImageCrop", { image: A, width, height, x, y }, 0);
  const pad = (feathering: number): Inputs => ({ image: A, left: 8, top: 16, right: 24, bottom: 0, feathering });
  const paste = (rest: Inputs, tolerance = 0): PictureCase =>
    picture(
      "ImageCompositeMasked",
      { destination: A, source: B, x: 0, y: 0, resize_source: false, ...rest },
      tolerance,
    );
  return {
    "crop-inside": crop(10, 8, 5, 3),
    "crop-over-the-edge": crop(30, 30, 25, 10),
    "crop-from-outside": crop(10, 10, 100, 100),
    "pad-hard": picture("ImagePadForOutpaint", pad(0), 0),
    "pad-mask-hard": masked("ImagePadForOutpaint", pad(0), 0, 1),
    "pad-mask-feathered": masked("ImagePadForOutpaint", pad(6), 1, 1),
    "paste-at-corner": paste({}),
    "paste-over-the-edge": paste({ x: 25, y: 14 }),
    "paste-resized": paste({ resize_source: true }, 1),
    "paste-masked": paste({ x: 4, y: 2, mask }, 1),
    invert: picture("ImageInvert", { image: A }, 1),
    load: { graph: withSave({}, A), tolerance: 0 },
    solid: picture("EmptyImage", { width: 9, height: 5, batch_size: 1, color: 0xfe8001 }, 0),
  };
}

function filtering(): Record<string, PictureCase> {
  const blur = (blur_radius: number, sigma: number) => picture("ImageBlur", { image: A, blur_radius, sigma });
  const sharpen = (sharpen_radius: number, sigma: number, alpha: number) =>
    picture("ImageSharpen", { image: A, sharpen_radius, sigma, alpha });
  const edges = (low_threshold: number, high_threshold: number): PictureCase =>
    picture("Canny", { image: B, low_threshold, high_threshold }, 0);
  return {
    "blur-little": blur(1, 1),
    "blur-much": blur(7, 3.5),
    "blur-narrow": blur(5, 0.4),
    "sharpen-little": sharpen(1, 1, 0.8),
    "sharpen-much": sharpen(4, 2.5, 3),
    canny: edges(0.2, 0.5),
    "canny-strict": edges(0.4, 0.8),
  };
}

function masking(): Record<string, PictureCase> {
  const channels = ["red", "green", "blue", "alpha"];
  const grow = (expand: number, tapered_corners: boolean) => masked("GrowMask", { mask, expand, tapered_corners });
  const load = (channel: string) => masked("LoadImageMask", { image: "conformance-input.png", channel });
  return {
    "mask-of-transparency": {
      graph: withSave({ x: { class_type: "MaskToImage", inputs: { mask } } }, X),
      tolerance: 0,
    },
    "mask-of-opaque": {
      graph: withSave({ x: { class_type: "MaskToImage", inputs: { mask: ["b", 1] } } }, X),
      tolerance: 0,
    },
    "mask-inverted": masked("InvertMask", { mask }, 1),
    "mask-solid": masked("SolidMask", { value: 0.3, width: 7, height: 3 }),
    "mask-grown": grow(3, true),
    "mask-grown-square": grow(2, false),
    "mask-shrunk": grow(-3, true),
    ...Object.fromEntries(channels.map((channel) => [`mask-loaded-${channel}`, load(channel)])),
    ...Object.fromEntries(
      channels.slice(0, 3).map((channel) => [`mask-from-${channel}`, masked("ImageToMask", { image: A, channel })]),
    ),
  };
}

export const pictureCases: Readonly<Record<string, PictureCase>> = {
  ...scaling(),
  ...blending(),
  ...placing(),
  ...filtering(),
  ...masking(),
};
