import { decode, encode } from "fast-png";

/** Pixels as 8-bit RGB or RGBA. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

export function readPng(bytes: Uint8Array): Pixels {
  const { width, height, channels, data, depth } = decode(bytes);
  if (depth !== 8) {
    throw new Error(`The PNG has ${depth} bits a channel; expected 8.`);
  }
  return { width, height, channels, data: Uint8Array.from(data) };
}

export function writePng({ width, height, channels, data }: Pixels): Uint8Array {
  return encode({ width, height, channels, data, depth: 8 });
}

/** A picture of which every pixel is told by its place. */
export function paintPng(
  width: number,
  height: number,
  pixel: (x: number, y: number) => readonly number[],
): Uint8Array {
  const channels = pixel(0, 0).length;
  const data = new Uint8Array(width * height * channels);
  for (let index = 0; index < width * height; index += 1) {
    data.set(pixel(index % width, Math.floor(index / width)), index * channels);
  }
  return writePng({ width, height, channels, data });
}

/** The text chunks of a PNG, where ComfyUI keeps the graph. */
export function readTexts(bytes: Uint8Array): Record<string, string> {
  return decode(bytes).text;
}

/** How far two pictures are apart at most, in steps of 1/255, and at how many values they differ at all. */
export function compare(actual: Pixels, expected: Pixels): { largest: number; differing: number } {
  const differences = expected.data.map((value, index) => Math.abs(value - (actual.data[index] ?? 0)));
  return { largest: Math.max(0, ...differences), differing: differences.filter((difference) => difference > 0).length };
}
