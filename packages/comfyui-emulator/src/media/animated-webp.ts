import type { Pixels } from "./image.ts";
import { encodeLosslessWebp, encodeWebp } from "./wasm-codecs.ts";

/** Writes an animated WebP that repeats for ever; without a quality nothing is lost. */
export async function encodeAnimatedWebp(
  frames: readonly Pixels[],
  framesPerSecond: number,
  quality?: number,
): Promise<Uint8Array> {
  const first = frames[0];
  if (first === undefined) throw new RangeError("an animation needs at least one picture, none was given");
  const delayMs = Math.trunc(1000 / framesPerSecond);
  const canvas = Buffer.alloc(10);
  // Flags: has animation (2), may have alpha (16).
  canvas[0] = first.channels === 4 ? 18 : 2;
  canvas.writeUIntLE(first.width - 1, 4, 3);
  canvas.writeUIntLE(first.height - 1, 7, 3);
  const chunks = [chunk("VP8X", canvas), chunk("ANIM", Buffer.alloc(6))];
  for (const frame of frames) {
    const still = quality === undefined ? await encodeLosslessWebp(frame) : await encodeWebp(frame, quality);
    const header = Buffer.alloc(16);
    header.writeUIntLE(frame.width - 1, 6, 3);
    header.writeUIntLE(frame.height - 1, 9, 3);
    header.writeUIntLE(delayMs, 12, 3);
    // Each frame replaces the one before: no blending.
    header[15] = 2;
    chunks.push(chunk("ANMF", Buffer.concat([header, ...bitstreamChunks(still)])));
  }
  const body = Buffer.concat([Buffer.from("WEBP"), ...chunks]);
  return chunk("RIFF", body);
}

/** The picture chunks of a still WebP, without its container and extended header. */
function bitstreamChunks(file: Uint8Array): Uint8Array[] {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const chunks: Uint8Array[] = [];
  for (let at = 12; at + 8 <= bytes.length; ) {
    const end = at + 8 + bytes.readUInt32LE(at + 4);
    const type = bytes.toString("latin1", at, at + 4);
    if (type === "VP8 " || type === "VP8L" || type === "ALPH") chunks.push(bytes.subarray(at, end + (end & 1)));
    at = end + (end & 1);
  }
  return chunks;
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const header = Buffer.alloc(8);
  header.write(type, 0, "latin1");
  header.writeUInt32LE(body.length, 4);
  return Buffer.concat([header, body, new Uint8Array(body.length & 1)]);
}
