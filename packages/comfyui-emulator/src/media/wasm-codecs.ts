import { readFile } from "node:fs/promises";
import decodeJpegWith, { init as initJpegDecoder } from "@jsquash/jpeg/decode.js";
import encodeJpegWith, { init as initJpegEncoder } from "@jsquash/jpeg/encode.js";
import decodeWebpWith, { init as initWebpDecoder } from "@jsquash/webp/decode.js";
import encodeWebpWith, { init as initWebpEncoder } from "@jsquash/webp/encode.js";
import type { Pixels } from "./image.ts";

/** Each codec is compiled once, at its first use. */
const loaded = new Map<string, Promise<unknown>>();

function load(wasmPath: string, init: (options: { wasmBinary: ArrayBuffer }) => Promise<unknown>): Promise<unknown> {
  const known = loaded.get(wasmPath);
  if (known !== undefined) return known;
  const file = new URL(import.meta.resolve(wasmPath));
  const loading = readFile(file).then((bytes) => init({ wasmBinary: toArrayBuffer(bytes) }));
  loaded.set(wasmPath, loading);
  return loading;
}

/** A baseline JPEG without alpha. Quality 1..100; `fast` trades ~10 % size for a tenth of the time (previews). */
export async function encodeJpeg(image: Pixels, quality: number, fast = false): Promise<Uint8Array> {
  await load("@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm", initJpegEncoder);
  const options = { quality, progressive: false, optimize_coding: !fast, auto_subsample: true };
  return new Uint8Array(await encodeJpegWith(toRgba(image), options));
}

/** A lossy WebP that keeps alpha. Quality 1..100. */
export async function encodeWebp(image: Pixels, quality: number): Promise<Uint8Array> {
  await load("@jsquash/webp/codec/enc/webp_enc_simd.wasm", initWebpEncoder);
  return new Uint8Array(await encodeWebpWith(toRgba(image), { quality }));
}

/** A WebP that loses nothing. */
export async function encodeLosslessWebp(image: Pixels): Promise<Uint8Array> {
  await load("@jsquash/webp/codec/enc/webp_enc_simd.wasm", initWebpEncoder);
  return new Uint8Array(await encodeWebpWith(toRgba(image), { quality: 75, lossless: 1, exact: 1, method: 2 }));
}

/** Reads a JPEG into RGB, turned upright when its EXIF says that the camera was held askew. */
export async function decodeJpeg(bytes: Uint8Array): Promise<Pixels> {
  await load("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm", initJpegDecoder);
  return dropAlpha(await decodeJpegWith(toArrayBuffer(bytes), { preserveOrientation: true }));
}

/** Reads a WebP into RGBA, or RGB when every pixel is opaque. */
export async function decodeWebp(bytes: Uint8Array): Promise<Pixels> {
  await load("@jsquash/webp/codec/dec/webp_dec.wasm", initWebpDecoder);
  const image = await decodeWebpWith(toArrayBuffer(bytes));
  const data = new Uint8Array(image.data);
  const isOpaque = !data.some((value, index) => index % 4 === 3 && value !== 255);
  return isOpaque ? dropAlpha(image) : { width: image.width, height: image.height, channels: 4, data };
}

interface RgbaImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

function toRgba(image: Pixels): RgbaImage {
  const { width, height, channels } = image;
  const data = new Uint8ClampedArray(width * height * 4);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const at = pixel * channels;
    for (let channel = 0; channel < 3; channel++) {
      data[pixel * 4 + channel] = image.data[channels >= 3 ? at + channel : at] ?? 0;
    }
    data[pixel * 4 + 3] = channels === 4 ? (image.data[at + 3] ?? 0) : 255;
  }
  return { width, height, data };
}

function dropAlpha(image: RgbaImage): Pixels {
  const { width, height } = image;
  const data = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    data.set(image.data.subarray(pixel * 4, pixel * 4 + 3), pixel * 3);
  }
  return { width, height, channels: 3, data };
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(copy).set(bytes);
  return copy;
}
