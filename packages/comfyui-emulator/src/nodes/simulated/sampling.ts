import { createImages, type ImageBatch, type ImageSize, repeatToCount, toPixels } from "../../media/image.ts";
import type { Painter } from "../../media/painting/painter.ts";
import { createRandom } from "../../media/painting/random.ts";
import { resizeImages } from "../../media/resize.ts";
import { encodeJpeg } from "../../media/wasm-codecs.ts";
import type { NodeContext, Preview } from "../../node.ts";
import type { Conditioning, Latent } from "./values.ts";

export interface SamplingWish {
  readonly latent: Latent;
  readonly positive: Conditioning;
  readonly negative: string;
  /** Decimal text. */
  readonly seed: string;
  /** Steps that are really taken, and how many of them the schedule has. */
  readonly steps: number;
  readonly denoise: number;
  readonly stepMs: number;
}

/** Previews are scaled to fit this, small ones up, as `--preview-size` does. */
const PREVIEW_SIZE = 512;
const PREVIEW_QUALITY = 95;

/** Paints what was asked for while the steps go by, then lays it over what the latent held. */
export async function sample(painter: Painter, wish: SamplingWish, context: NodeContext): Promise<Latent> {
  const { latent, positive, seed } = wish;
  const size = { width: latent.width, height: latent.height, channels: 3 };
  const paintings = Array.from({ length: latent.count }, (_, index) =>
    painter.paint(toPaintingWish(wish, size, index)),
  );
  // Whoever waits comes later: a rejection until then must not count as unhandled.
  const finished = Promise.all(paintings);
  finished.catch(() => undefined);
  const drawPreview = context.wantsPreviews ? await createPreviews(painter, wish) : undefined;
  for (let step = 1; step <= wish.steps; step++) {
    await context.work(wish.stepMs);
    await context.progress(step, wish.steps, await drawPreview?.(step));
  }
  const painted = createImages(size, await finished);
  return {
    ...latent,
    images: blendIn(latent, painted, wish),
    noiseMask: undefined,
    label: { prompt: positive.text, seed },
  };
}

function toPaintingWish(wish: SamplingWish, size: ImageSize, index: number) {
  const { positive, negative, seed } = wish;
  return { width: size.width, height: size.height, seed, prompt: positive.text, negative, index };
}

/** A small painting that comes out of the noise step by step. */
async function createPreviews(painter: Painter, wish: SamplingWish): Promise<(step: number) => Promise<Preview>> {
  const { latent } = wish;
  const scale = PREVIEW_SIZE / Math.max(latent.width, latent.height);
  const size = { width: Math.max(8, latent.width >> 3), height: Math.max(8, latent.height >> 3), channels: 3 };
  const small = await painter.paint(toPaintingWish(wish, size, 0));
  const random = createRandom(wish.seed);
  const noise = Float32Array.from(small, () => random());
  return async (step) => {
    const share = 1 - step / wish.steps;
    const mixed = small.map((value, index) => value + ((noise[index] ?? 0) - value) * share);
    const [width, height] = [Math.round(latent.width * scale), Math.round(latent.height * scale)];
    const shown = resizeImages(createImages(size, [mixed]), width, height, "nearest-exact");
    const bytes = await encodeJpeg(toPixels(shown, shown.at(0)), PREVIEW_QUALITY, true);
    return { mediaType: "image/jpeg", bytes };
  };
}

/** What was in the latent stays as far as `denoise` is below one, and wholly outside of a mask; edges shine through. */
function blendIn(latent: Latent, painted: ImageBatch, wish: SamplingWish): ImageBatch {
  const { denoise, positive } = wish;
  const controls = positive.controls.map(({ image, strength }) => ({
    image: resizeImages(image, latent.width, latent.height, "bilinear"),
    strength,
  }));
  const mask = latent.noiseMask && resizeImages(latent.noiseMask, latent.width, latent.height, "bilinear");
  const source = latent.images && repeatToCount(latent.images, painted.count);
  if (source === undefined && controls.length === 0) return painted;
  const pictures = Array.from({ length: painted.count }, (_, index) => {
    const result = Float32Array.from(painted.at(index));
    for (const { image, strength } of controls) addControl(result, image.at(0), strength);
    const below = source?.at(index);
    const cover = mask?.at(index % mask.count);
    if (below !== undefined) layOver(below, result, { cover, denoise });
    return result;
  });
  return createImages(painted, pictures);
}

function layOver(
  below: Float32Array,
  result: Float32Array,
  how: { cover: Float32Array | undefined; denoise: number },
): void {
  for (let at = 0; at < result.length; at++) {
    const share = how.denoise * (how.cover?.[Math.floor(at / 3)] ?? 1);
    const kept = below[at] ?? 0;
    result[at] = kept + ((result[at] ?? 0) - kept) * share;
  }
}

function addControl(result: Float32Array, control: Float32Array, strength: number): void {
  const share = Math.min(1, 0.6 * strength);
  for (let at = 0; at < result.length; at++) {
    const value = result[at] ?? 0;
    const line = control[at] ?? 0;
    result[at] = value + (1 - value) * line * share;
  }
}
