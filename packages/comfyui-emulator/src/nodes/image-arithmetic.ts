import type { ImageBatch } from "../media/image.ts";
import { createImages, createLazyImages, mapImages, repeatToCount } from "../media/image.ts";
import { resizeImages } from "../media/resize.ts";
import { NodeError } from "../node.ts";

type Blend = (below: number, above: number) => number;

/** How two values mix, by ComfyUI's names. */
const BLENDS: Readonly<Record<string, Blend>> = {
  normal: (_, b) => b,
  multiply: (a, b) => a * b,
  screen: (a, b) => 1 - (1 - a) * (1 - b),
  overlay: (a, b) => (a <= 0.5 ? 2 * a * b : 1 - 2 * (1 - a) * (1 - b)),
  soft_light: (a, b) => (b <= 0.5 ? a - (1 - 2 * b) * a * (1 - a) : a + (2 * b - 1) * (softDodge(a) - a)),
  difference: (a, b) => a - b,
};

function softDodge(x: number): number {
  return x <= 0.25 ? ((16 * x - 12) * x + 4) * x : Math.sqrt(x);
}

/** Mixes two batches; the second is fitted to the first (bicubic, middle cut) when their shapes differ. */
export function blendImages(first: ImageBatch, second: ImageBatch, factor: number, mode: string): ImageBatch {
  const blend = BLENDS[mode];
  if (blend === undefined) throw new NodeError("ValueError", `Unsupported blend mode: ${mode}`);
  const isSameShape = first.width === second.width && first.height === second.height;
  const fitted = isSameShape ? second : resizeImages(second, first.width, first.height, "bicubic", "center");
  const count = Math.max(first.count, fitted.count);
  const below = repeatToCount(first, count);
  const above = repeatToCount(fitted, count);
  const pictures = Array.from({ length: count }, (_, index) => {
    const a = below.at(index);
    const b = above.at(index);
    const f = Math.fround(factor);
    const rest = Math.fround(1 - factor);
    return a.map((value, at) => {
      const mixed = Math.fround(blend(value, b[at] ?? 0));
      return clamp(Math.fround(Math.fround(value * rest) + Math.fround(mixed * f)));
    });
  });
  return createImages(first, pictures);
}

export function invertImages(batch: ImageBatch): ImageBatch {
  return mapImages(batch, batch, (source, target) => {
    for (let at = 0; at < target.length; at++) target[at] = 1 - (source[at] ?? 0);
  });
}

/** A Gaussian over (2 radius + 1)² pixels whose sigma counts in units of the radius, edges mirrored. */
export function blurImages(batch: ImageBatch, radius: number, sigma: number): ImageBatch {
  const kernel = createKernel(radius, sigma);
  return mapImages(batch, batch, (source, target) => {
    target.set(convolve(source, batch, kernel));
  });
}

/** Adds ten times alpha of what a blur takes away. */
export function sharpenImages(batch: ImageBatch, radius: number, sigma: number, alpha: number): ImageBatch {
  const kernel = createKernel(radius, sigma);
  const strength = alpha * 10;
  return mapImages(batch, batch, (source, target) => {
    const blurred = convolve(source, batch, kernel);
    for (let at = 0; at < target.length; at++) {
      target[at] = clamp((source[at] ?? 0) * (1 + strength) - (blurred[at] ?? 0) * strength);
    }
  });
}

function createKernel(radius: number, sigma: number): Float64Array {
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, index) => {
    const distance = index / radius - 1;
    return Math.exp(-(distance * distance) / (2 * sigma * sigma));
  });
  const sum = kernel.reduce((total, weight) => total + weight, 0);
  return kernel.map((weight) => weight / sum);
}

/** The two-dimensional Gaussian is a product, so rows and then columns are enough. */
function convolve(source: Float32Array, size: ImageBatch, kernel: Float64Array): Float64Array {
  const { width, height, channels } = size;
  const radius = (kernel.length - 1) / 2;
  if (radius >= width || radius >= height) {
    const shape = `[${size.count}, ${channels}, ${height}, ${width}]`;
    const padding = `(${radius}, ${radius})`;
    throw new NodeError(
      "RuntimeError",
      `Padding size should be less than the corresponding input dimension, but got: padding ${padding} at dimension 3 of input ${shape}`,
    );
  }
  const rows = new Float64Array(source.length);
  const columns = new Float64Array(source.length);
  const stride = width * channels;
  for (let at = 0; at < source.length; at++) {
    const channel = at % channels;
    const x = ((at - channel) / channels) % width;
    const start = at - x * channels;
    let sum = 0;
    for (let tap = -radius; tap <= radius; tap++) {
      sum += (kernel[tap + radius] ?? 0) * (source[start + mirror(x + tap, width) * channels] ?? 0);
    }
    rows[at] = sum;
  }
  for (let at = 0; at < source.length; at++) {
    const column = at % stride;
    const y = (at - column) / stride;
    let sum = 0;
    for (let tap = -radius; tap <= radius; tap++) {
      sum += (kernel[tap + radius] ?? 0) * (rows[mirror(y + tap, height) * stride + column] ?? 0);
    }
    columns[at] = sum;
  }
  return columns;
}

function mirror(position: number, length: number): number {
  if (position < 0) return -position;
  return position >= length ? 2 * length - 2 - position : position;
}

function clamp(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}

/** Puts two batches into one; the second takes the size of the first (bilinear, middle cut). */
export function joinBatches(first: ImageBatch, second: ImageBatch): ImageBatch {
  const isSameSize = first.width === second.width && first.height === second.height;
  const fitted = isSameSize ? second : resizeImages(second, first.width, first.height, "bilinear", "center");
  const count = first.count + fitted.count;
  return createLazyImages(first, count, (index) =>
    index < first.count ? first.at(index) : fitted.at(index - first.count),
  );
}
