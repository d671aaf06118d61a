import { promisify } from "node:util";
import { crc32, deflate } from "node:zlib";
import { convertIndexedToRgb, type DecodedPng, decode } from "fast-png";
import type { Pixels } from "./image.ts";

const deflateAsync = promisify(deflate);
const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** PNG colour types by number of channels. */
const COLOUR_TYPES: Readonly<Record<number, number>> = { 1: 0, 3: 2, 4: 6 };

export interface PngOptions {
  /** Text chunks, written before the pixels in this order; keys and values beyond Latin-1 go into iTXt. */
  readonly text?: Readonly<Record<string, string>>;
  /** zlib level 0..9; ComfyUI saves with 4 and previews with 1. */
  readonly level?: number;
}

/** Writes a PNG of 8 bits per channel. */
export async function encodePng(pixels: Pixels, options: PngOptions = {}): Promise<Uint8Array> {
  const texts = Object.entries(options.text ?? {}).map(([key, value]) => textChunk(key, value));
  const data = await deflateAsync(filterRows(pixels), { level: options.level ?? 4 });
  return Buffer.concat([
    SIGNATURE,
    headerChunk(pixels),
    ...texts,
    chunk("IDAT", data),
    chunk("IEND", new Uint8Array()),
  ]);
}

/** Writes an animated PNG; all frames must have the size of the first. Shown for ever in a circle. */
export async function encodeAnimatedPng(
  frames: readonly Pixels[],
  framesPerSecond: number,
  options: PngOptions = {},
): Promise<Uint8Array> {
  const first = frames[0];
  if (first === undefined) throw new RangeError("an animation needs at least one picture, none was given");
  const delayMs = Math.trunc(1000 / framesPerSecond);
  const parts: Uint8Array[] = [SIGNATURE, headerChunk(first), chunk("acTL", uint32s(frames.length, 0))];
  parts.push(...Object.entries(options.text ?? {}).map(([key, value]) => textChunk(key, value)));
  let sequence = 0;
  for (const [index, frame] of frames.entries()) {
    const control = Buffer.alloc(26);
    control.set(uint32s(sequence++, frame.width, frame.height));
    control.writeUInt16BE(delayMs, 20);
    control.writeUInt16BE(1000, 22);
    parts.push(chunk("fcTL", control));
    const data = await deflateAsync(filterRows(frame), { level: options.level ?? 4 });
    parts.push(index === 0 ? chunk("IDAT", data) : chunk("fdAT", Buffer.concat([uint32s(sequence++), data])));
  }
  return Buffer.concat([...parts, chunk("IEND", new Uint8Array())]);
}

/** The text chunks of a PNG, uncompressed tEXt and iTXt only. */
export function readPngText(bytes: Uint8Array): Record<string, string> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: Record<string, string> = {};
  for (let at = 8; at + 8 <= file.length; ) {
    const length = file.readUInt32BE(at);
    const type = file.toString("latin1", at + 4, at + 8);
    const body = file.subarray(at + 8, at + 8 + length);
    const end = body.indexOf(0);
    const key = body.toString("latin1", 0, end);
    if (type === "tEXt") texts[key] = body.toString("latin1", end + 1);
    if (type === "iTXt") texts[key] = body.toString("utf8", body.indexOf(0, body.indexOf(0, end + 3) + 1) + 1);
    at += length + 12;
  }
  return texts;
}

/** Reads any PNG into 8 bits per channel: RGB, or RGBA when it has an alpha channel or a transparent colour. */
export function decodePng(bytes: Uint8Array): Pixels {
  const png = decode(bytes);
  if (png.palette !== undefined) {
    const channels = png.palette[0]?.length === 4 ? 4 : 3;
    const rgb = convertIndexedToRgb(png);
    return { width: png.width, height: png.height, channels, data: new Uint8Array(rgb) };
  }
  return spreadGrey({ width: png.width, height: png.height, channels: png.channels, data: toBytes(png) });
}

function toBytes(png: DecodedPng): Uint8Array {
  if (png.depth === 16) return Uint8Array.from(png.data, (value) => value >> 8);
  if (png.depth === 8) return new Uint8Array(png.data);
  const bytes = new Uint8Array(png.width * png.height);
  const rowBytes = Math.ceil((png.width * png.depth) / 8);
  const top = (1 << png.depth) - 1;
  for (let pixel = 0; pixel < bytes.length; pixel++) {
    const x = pixel % png.width;
    const packed = png.data[Math.floor(pixel / png.width) * rowBytes + ((x * png.depth) >> 3)] ?? 0;
    const value = (packed >> (8 - png.depth - ((x * png.depth) & 7))) & top;
    bytes[pixel] = (value * 255) / top;
  }
  return bytes;
}

function spreadGrey(pixels: Pixels): Pixels {
  if (pixels.channels >= 3) return pixels;
  const channels = pixels.channels + 2;
  const data = new Uint8Array(pixels.width * pixels.height * channels);
  for (let pixel = 0; pixel < pixels.width * pixels.height; pixel++) {
    data.fill(pixels.data[pixel * pixels.channels] ?? 0, pixel * channels, pixel * channels + 3);
    if (channels === 4) data[pixel * 4 + 3] = pixels.data[pixel * 2 + 1] ?? 0;
  }
  return { ...pixels, channels, data };
}

function headerChunk(pixels: Pixels): Uint8Array {
  const colourType = COLOUR_TYPES[pixels.channels];
  if (colourType === undefined) throw new RangeError(`a PNG has 1, 3 or 4 channels, not ${pixels.channels}`);
  return chunk("IHDR", Buffer.concat([uint32s(pixels.width, pixels.height), Uint8Array.of(8, colourType, 0, 0, 0)]));
}

function textChunk(key: string, value: string): Uint8Array {
  const isLatin1 = [...value].every((letter) => letter.charCodeAt(0) < 256);
  if (isLatin1) return chunk("tEXt", Buffer.from(`${key}\0${value}`, "latin1"));
  return chunk("iTXt", Buffer.concat([Buffer.from(`${key}\0\0\0\0\0`, "latin1"), Buffer.from(value, "utf8")]));
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const typed = Buffer.concat([Buffer.from(type, "latin1"), body]);
  return Buffer.concat([uint32s(body.length), typed, uint32s(crc32(typed))]);
}

function uint32s(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value, index * 4);
  });
  return bytes;
}

/** Each row is stored as differences to the row above (filter 2): cheap, and good on the smooth pictures made here. */
function filterRows(pixels: Pixels): Uint8Array {
  const stride = pixels.width * pixels.channels;
  const rows = new Uint8Array((stride + 1) * pixels.height);
  for (let y = 0; y < pixels.height; y++) {
    const at = y * (stride + 1);
    rows[at] = y === 0 ? 0 : 2;
    for (let column = 0; column < stride; column++) {
      const above = y === 0 ? 0 : (pixels.data[(y - 1) * stride + column] ?? 0);
      rows[at + 1 + column] = (pixels.data[y * stride + column] ?? 0) - above;
    }
  }
  return rows;
}
