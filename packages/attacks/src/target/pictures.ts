import { crc32 } from "node:zlib";
import { PIXEL } from "./multipart.ts";

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  size.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([size, body, sum]);
}

const SIGNATURE_SIZE = 8;
/** The signature and the first chunk, which says how large the picture is. */
const HEADER_SIZE = SIGNATURE_SIZE + 25;

/** A file of a few bytes that says it is so large. */
export function toHugePicture(width: number, height: number): Buffer {
  const header = Buffer.from(PIXEL.subarray(SIGNATURE_SIZE + 8, SIGNATURE_SIZE + 21));
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  return Buffer.concat([PIXEL.subarray(0, SIGNATURE_SIZE), chunk("IHDR", header), PIXEL.subarray(HEADER_SIZE)]);
}

/** A picture in which stands where it was made. */
export function toPictureWith(note: string): Buffer {
  const text = chunk("tEXt", Buffer.from(`Comment\0${note}`, "latin1"));
  return Buffer.concat([PIXEL.subarray(0, HEADER_SIZE), text, PIXEL.subarray(HEADER_SIZE)]);
}

/** A moving picture of one pixel and so many frames; `stray` stands before the first, where decoders go past it. */
export function toFrames(count: number, stray = ""): Buffer {
  const head = Buffer.from(`474946383961010001008000${"00".repeat(4)}ffffff${stray}`, "hex");
  const frame = Buffer.from("2c0000000001000100000202440100", "hex");
  return Buffer.concat([head, ...Array.from({ length: count }, () => frame), Buffer.from(";")]);
}
