import type { Pixels } from "./image.ts";
import { decodePng } from "./png.ts";
import { decodeJpeg, decodeWebp } from "./wasm-codecs.ts";

/** The picture format by its first bytes, whatever the file is called. */
export function detectImageFormat(bytes: Uint8Array): "png" | "jpeg" | "webp" | undefined {
  const head = Buffer.from(bytes.subarray(0, 12)).toString("latin1");
  if (head.startsWith("\x89PNG")) return "png";
  if (head.startsWith("\xff\xd8\xff")) return "jpeg";
  if (head.startsWith("RIFF") && head.endsWith("WEBP")) return "webp";
  return undefined;
}

/**
 * Reads a PNG, JPEG or WebP into 8-bit RGB, or RGBA when it has transparency.
 * @throws Error with one sentence when the bytes are none of them, or broken.
 */
export async function decodeImage(bytes: Uint8Array): Promise<Pixels> {
  switch (detectImageFormat(bytes)) {
    case "png":
      return decodePng(bytes);
    case "jpeg":
      return decodeJpeg(bytes);
    case "webp":
      return decodeWebp(bytes);
    default:
      throw new Error("cannot identify image file: expected PNG, JPEG or WebP");
  }
}
