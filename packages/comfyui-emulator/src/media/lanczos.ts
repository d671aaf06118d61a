import { type ImageBatch, mapImages, type Pixels, toFloats, toPixels } from "./image.ts";

/** Fixed-point weights: 22 fractional bits, so that an 8-bit sum over a window fits 32 bits. */
const WEIGHT_BITS = 22;
const HALF = 1 << (WEIGHT_BITS - 1);

interface Window {
  readonly start: number;
  readonly weights: Int32Array;
}

/**
 * Lanczos (a = 3) in 8 bits with antialiasing, first along rows and then along columns, each pass rounded:
 * ComfyUI leaves this method to Pillow, which works so.
 */
export function resizeLanczos(batch: ImageBatch, width: number, height: number): ImageBatch {
  const horizontal = createWindows(batch.width, width);
  const vertical = createWindows(batch.height, height);
  return mapImages(batch, { width, height, channels: batch.channels }, (source, target) => {
    let pixels = toPixels(batch, source);
    if (batch.channels === 4) pixels = premultiply(pixels);
    if (width !== batch.width) pixels = resizeRows(pixels, horizontal);
    if (height !== batch.height) pixels = resizeColumns(pixels, vertical);
    target.set(toFloats(batch.channels === 4 ? unpremultiply(pixels) : pixels));
  });
}

function kernel(x: number): number {
  if (x <= -3 || x >= 3) return 0;
  return sinc(x) * sinc(x / 3);
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

function createWindows(from: number, to: number): Window[] {
  const scale = from / to;
  const stretch = Math.max(1, scale);
  const support = 3 * stretch;
  return Array.from({ length: to }, (_, index) => {
    const centre = (index + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const raw = Array.from({ length: end - start }, (_, tap) => kernel((tap + start - centre + 0.5) / stretch));
    const sum = raw.reduce((total, weight) => total + weight, 0);
    const weights = Int32Array.from(raw, (weight) => {
      const fixed = (weight / sum) * (1 << WEIGHT_BITS);
      return Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    });
    return { start, weights };
  });
}

function resizeRows(source: Pixels, windows: readonly Window[]): Pixels {
  const { height, channels } = source;
  const width = windows.length;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    windows.forEach((window, x) => {
      for (let channel = 0; channel < channels; channel++) {
        let at = (y * source.width + window.start) * channels + channel;
        let sum = HALF;
        for (const weight of window.weights) {
          sum += (source.data[at] ?? 0) * weight;
          at += channels;
        }
        data[(y * width + x) * channels + channel] = toLevel(sum);
      }
    });
  }
  return { width, height, channels, data };
}

function resizeColumns(source: Pixels, windows: readonly Window[]): Pixels {
  const { width, channels } = source;
  const stride = width * channels;
  const data = new Uint8Array(windows.length * stride);
  windows.forEach((window, y) => {
    for (let column = 0; column < stride; column++) {
      let at = window.start * stride + column;
      let sum = HALF;
      for (const weight of window.weights) {
        sum += (source.data[at] ?? 0) * weight;
        at += stride;
      }
      data[y * stride + column] = toLevel(sum);
    }
  });
  return { width, height: windows.length, channels, data };
}

function toLevel(sum: number): number {
  return Math.min(255, Math.max(0, Math.floor(sum / (1 << WEIGHT_BITS))));
}

/** Colours weighted by alpha, so that invisible pixels do not bleed into visible ones. */
function premultiply(source: Pixels): Pixels {
  const data = new Uint8Array(source.data);
  for (let at = 0; at < data.length; at += 4) {
    const alpha = data[at + 3] ?? 0;
    for (let channel = at; channel < at + 3; channel++) {
      const product = (data[channel] ?? 0) * alpha + 128;
      data[channel] = ((product >> 8) + product) >> 8;
    }
  }
  return { ...source, data };
}

function unpremultiply(source: Pixels): Pixels {
  const data = new Uint8Array(source.data);
  for (let at = 0; at < data.length; at += 4) {
    const alpha = data[at + 3] ?? 0;
    if (alpha === 0 || alpha === 255) continue;
    for (let channel = at; channel < at + 3; channel++) {
      data[channel] = Math.min(255, Math.trunc((255 * (data[channel] ?? 0)) / alpha));
    }
  }
  return { ...source, data };
}
