import { createImages, withChannels } from "../../media/image.ts";
import { drawBanner } from "../../media/painting/banner.ts";
import { BANNER_TITLE } from "../../media/painting/simulated-image.ts";
import { resizeImages } from "../../media/resize.ts";
import { type NodeClass, NodeError } from "../../node.ts";
import { imageInput, node } from "../inputs.ts";
import { simulatedInput } from "./values.ts";

const FACTOR_DEFAULT = 4;
/** Sixteen times the pixels: a 4096 x 4096 result is 200 MB of floats. */
const PIXELS_MAX = 4096 * 4096;
const TILE_MS = 40;
const TILES = 4;

export const upscaleNodes: readonly NodeClass[] = [
  node("ImageUpscaleWithModel", async (inputs, context) => {
    const [file = ""] = simulatedInput(inputs, "upscale_model", "model").files;
    const image = withChannels(imageInput(inputs, "image"), 3);
    const factor = factorOf(file);
    const [width, height] = [image.width * factor, image.height * factor];
    if (width * height * image.count > PIXELS_MAX) {
      const message = `Allocation on device: ${width}x${height} is more than the emulator draws (${PIXELS_MAX} pixels)`;
      throw new NodeError("torch.OutOfMemoryError", message);
    }
    for (let tile = 1; tile <= TILES; tile++) {
      await context.work(TILE_MS);
      await context.progress(tile, TILES);
    }
    const large = resizeImages(image, width, height, "bicubic");
    const pictures = Array.from({ length: large.count }, (_, index) => {
      const data = Float32Array.from(large.at(index));
      drawBanner({ width, height, data }, { title: BANNER_TITLE, note: `${factor}x upscaled` });
      return data;
    });
    return { outputs: [createImages({ width, height, channels: 3 }, pictures)] };
  }),
];

/** Names say it: `RealESRGAN_x4plus`, `2x-AnimeSharp`. */
function factorOf(file: string): number {
  const found = /(?:^|[^0-9])([1248])x|x([1248])/i.exec(file);
  return Number(found?.[1] ?? found?.[2] ?? FACTOR_DEFAULT);
}
