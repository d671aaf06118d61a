import { type ImageBatch, mapImages } from "../media/image.ts";

/** A 5-tap Gaussian with sigma 1. */
const SMOOTH = normalise([Math.exp(-2), Math.exp(-0.5), 1, Math.exp(-0.5), Math.exp(-2)]);
/** The neighbour in each of eight directions, counted clockwise from the right in steps of 45 degrees. */
const STEPS: readonly (readonly [number, number])[] = [
  [1, 0],
  [1, 1],
  [0, 1],
  [-1, 1],
  [-1, 0],
  [-1, -1],
  [0, -1],
  [1, -1],
];
const STRONG = 1;
const WEAK = 0.5;

interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float64Array;
}

/** Canny's edges, white on black: smoothed, Sobel (not normalised), thinned, thresholds joined by hysteresis. */
export function findEdges(batch: ImageBatch, low: number, high: number): ImageBatch {
  const { width, height } = batch;
  return mapImages(batch, { width, height, channels: 3 }, (source, target) => {
    const magnitude = thin(gradient(smooth({ width, height, data: toGrey(source, batch.channels) })));
    const edges = connect(magnitude, low, high);
    for (let pixel = 0; pixel < width * height; pixel++) target.fill(edges[pixel] ?? 0, pixel * 3, pixel * 3 + 3);
  });
}

function normalise(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function toGrey(source: Float32Array, channels: number): Float64Array {
  return Float64Array.from({ length: source.length / channels }, (_, pixel) => {
    const [red, green, blue] = source.subarray(pixel * channels, pixel * channels + 3);
    return 0.299 * (red ?? 0) + 0.587 * (green ?? 0) + 0.114 * (blue ?? 0);
  });
}

function smooth(plane: Plane): Plane {
  const { width, height } = plane;
  const mirror = (at: number, length: number): number => (at < 0 ? -at : at >= length ? 2 * length - 2 - at : at);
  const pass = (data: Float64Array, dx: number, dy: number): Float64Array =>
    Float64Array.from(data, (_, pixel) => {
      const x = pixel % width;
      const y = (pixel - x) / width;
      return SMOOTH.reduce((sum, weight, tap) => {
        const column = mirror(x + (tap - 2) * dx, width);
        return sum + weight * (data[mirror(y + (tap - 2) * dy, height) * width + column] ?? 0);
      }, 0);
    });
  return { width, height, data: pass(pass(plane.data, 1, 0), 0, 1) };
}

function gradient(plane: Plane): Plane & { directions: Uint8Array } {
  const { width, height, data } = plane;
  const at = (x: number, y: number): number =>
    data[Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))] ?? 0;
  const magnitude = new Float64Array(data.length);
  const directions = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const right = at(x + 1, y - 1) + 2 * at(x + 1, y) + at(x + 1, y + 1);
      const left = at(x - 1, y - 1) + 2 * at(x - 1, y) + at(x - 1, y + 1);
      const below = at(x - 1, y + 1) + 2 * at(x, y + 1) + at(x + 1, y + 1);
      const above = at(x - 1, y - 1) + 2 * at(x, y - 1) + at(x + 1, y - 1);
      const pixel = y * width + x;
      magnitude[pixel] = Math.fround(Math.sqrt((right - left) ** 2 + (below - above) ** 2 + 1e-6));
      directions[pixel] = (Math.round(Math.atan2(below - above, right - left) / (Math.PI / 4)) + 8) % 8;
    }
  }
  return { width, height, data: magnitude, directions };
}

/** Keeps a pixel only where it is the top of the ridge; along a row or column the first of two equals stays. */
function thin(plane: Plane & { directions: Uint8Array }): Plane {
  const { width, height, data, directions } = plane;
  const exceeds = (pixel: number, direction: number): boolean => {
    const [dx, dy] = STEPS[direction % 8] ?? [0, 0];
    const x = (pixel % width) + dx;
    const y = Math.floor(pixel / width) + dy;
    const neighbour = x < 0 || y < 0 || x >= width || y >= height ? 0 : (data[y * width + x] ?? 0);
    const value = data[pixel] ?? 0;
    return value > neighbour || (value === neighbour && (direction === 0 || direction === 2));
  };
  const thinned = Float64Array.from(data, (value, pixel) => {
    const direction = directions[pixel] ?? 0;
    return exceeds(pixel, direction) && exceeds(pixel, (direction + 4) % 8) ? value : 0;
  });
  return { width, height, data: thinned };
}

/** Weak pixels stay when a chain of neighbours leads to a strong one. */
function connect(plane: Plane, low: number, high: number): Float32Array {
  const { width, height } = plane;
  const edges = Float32Array.from(plane.data, (value) => (value > high ? STRONG : value > low ? WEAK : 0));
  const waiting = Array.from(edges.keys()).filter((pixel) => edges[pixel] === STRONG);
  for (let pixel = waiting.pop(); pixel !== undefined; pixel = waiting.pop()) {
    const x = pixel % width;
    const y = (pixel - x) / width;
    for (const [dx, dy] of STEPS) {
      const isInside = x + dx >= 0 && x + dx < width && y + dy >= 0 && y + dy < height;
      const neighbour = (y + dy) * width + x + dx;
      if (!isInside || edges[neighbour] !== WEAK) continue;
      edges[neighbour] = STRONG;
      waiting.push(neighbour);
    }
  }
  return edges.map((value) => (value === STRONG ? 1 : 0));
}
