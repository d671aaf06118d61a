import { type ImageBatch, mapImages } from "./image.ts";
import { resizeLanczos } from "./lanczos.ts";

export type ResizeMethod = "nearest-exact" | "bilinear" | "area" | "bicubic" | "lanczos" | "bislerp";

/** For each target position: which source positions count, and how much. */
interface Taps {
  readonly width: number;
  readonly positions: Int32Array;
  readonly weights: Float64Array;
}

/**
 * Resizes like ComfyUI's common upscale: optionally cuts the middle to the new proportions first, then
 * interpolates with half-pixel centres and without antialiasing (lanczos excepted).
 */
export function resizeImages(
  batch: ImageBatch,
  width: number,
  height: number,
  method: ResizeMethod,
  crop: "disabled" | "center" = "disabled",
): ImageBatch {
  const source = crop === "center" ? cropToProportions(batch, width, height) : batch;
  if (method === "lanczos") return resizeLanczos(source, width, height);
  const horizontal = createTaps(method, source.width, width);
  const vertical = createTaps(method, source.height, height);
  return mapImages(source, { width, height, channels: source.channels }, (from, to) => {
    const rows = resampleRows(from, source, horizontal, width);
    resampleColumns(rows, to, vertical, { width, height, channels: source.channels });
  });
}

/** Python's round(): halves go to the even neighbour. ComfyUI computes sizes and offsets with it. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Cuts a window out of every picture; the window must lie inside. */
export function cropImages(batch: ImageBatch, x: number, y: number, width: number, height: number): ImageBatch {
  const { channels } = batch;
  return mapImages(batch, { width, height, channels }, (source, target) => {
    for (let row = 0; row < height; row++) {
      const start = ((y + row) * batch.width + x) * channels;
      target.set(source.subarray(start, start + width * channels), row * width * channels);
    }
  });
}

function cropToProportions(batch: ImageBatch, width: number, height: number): ImageBatch {
  const before = batch.width / batch.height;
  const after = width / height;
  let x = 0;
  let y = 0;
  if (before > after) x = roundHalfEven((batch.width - batch.width * (after / before)) / 2);
  else if (before < after) y = roundHalfEven((batch.height - batch.height * (before / after)) / 2);
  if (x === 0 && y === 0) return batch;
  return cropImages(batch, x, y, batch.width - 2 * x, batch.height - 2 * y);
}

function createTaps(method: ResizeMethod, from: number, to: number): Taps {
  if (method === "area") return createAreaTaps(from, to);
  const scale = Math.fround(from / to);
  const width = method === "bicubic" ? 4 : method === "nearest-exact" ? 1 : 2;
  const positions = new Int32Array(to * width);
  const weights = new Float64Array(to * width);
  for (let index = 0; index < to; index++) {
    const at = index * width;
    if (method === "nearest-exact") {
      // The product is rounded to float32 first: 12.5 * 0.48 must be 6, not a hair less.
      positions[at] = Math.min(from - 1, Math.floor(Math.fround((index + 0.5) * scale)));
      weights[at] = 1;
      continue;
    }
    const centre = Math.fround((index + 0.5) * scale - 0.5);
    if (method === "bicubic") setCubicTaps(positions, weights, at, centre, from);
    else setLinearTaps(positions, weights, at, Math.max(0, centre), from);
  }
  return { width, positions, weights };
}

function setLinearTaps(positions: Int32Array, weights: Float64Array, at: number, centre: number, from: number): void {
  const left = Math.min(from - 1, Math.floor(centre));
  positions[at] = left;
  positions[at + 1] = Math.min(from - 1, left + 1);
  weights[at + 1] = centre - left;
  weights[at] = 1 - (centre - left);
}

/** The cubic kernel with a = -0.75, positions clamped to the picture. */
function setCubicTaps(positions: Int32Array, weights: Float64Array, at: number, centre: number, from: number): void {
  const a = -0.75;
  const left = Math.floor(centre);
  const t = centre - left;
  const outer = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  const inner = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1;
  weights.set([outer(t + 1), inner(t), inner(1 - t), outer(2 - t)], at);
  for (let tap = 0; tap < 4; tap++) positions[at + tap] = Math.min(from - 1, Math.max(0, left - 1 + tap));
}

/** The plain mean over every source pixel that the target pixel touches. */
function createAreaTaps(from: number, to: number): Taps {
  const width = Math.ceil(from / to) + 1;
  const positions = new Int32Array(to * width);
  const weights = new Float64Array(to * width);
  for (let index = 0; index < to; index++) {
    const start = Math.floor((index * from) / to);
    const end = Math.ceil(((index + 1) * from) / to);
    for (let tap = 0; tap < width; tap++) {
      positions[index * width + tap] = Math.min(from - 1, start + tap);
      weights[index * width + tap] = start + tap < end ? 1 / (end - start) : 0;
    }
  }
  return { width, positions, weights };
}

function resampleRows(from: Float32Array, size: ImageBatch, taps: Taps, width: number): Float64Array {
  const { channels, height } = size;
  const rows = new Float64Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (let tap = x * taps.width; tap < (x + 1) * taps.width; tap++) {
          const position = taps.positions[tap] ?? 0;
          sum += (taps.weights[tap] ?? 0) * (from[(y * size.width + position) * channels + channel] ?? 0);
        }
        rows[(y * width + x) * channels + channel] = sum;
      }
    }
  }
  return rows;
}

function resampleColumns(
  rows: Float64Array,
  to: Float32Array,
  taps: Taps,
  size: { width: number; height: number; channels: number },
): void {
  const stride = size.width * size.channels;
  for (let y = 0; y < size.height; y++) {
    for (let column = 0; column < stride; column++) {
      let sum = 0;
      for (let tap = y * taps.width; tap < (y + 1) * taps.width; tap++) {
        sum += (taps.weights[tap] ?? 0) * (rows[(taps.positions[tap] ?? 0) * stride + column] ?? 0);
      }
      to[y * stride + column] = sum;
    }
  }
}
