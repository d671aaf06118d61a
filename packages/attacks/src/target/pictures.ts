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

/** A moving picture of one pixel and so many frames. */
export function toFrames(count: number): Buffer {
  const head = Buffer.from("4749463839610100010080000000000000ffffff", "hex");
  const frame = Buffer.from("2c00000000010001000002024401" + "00", "hex");
  return Buffer.concat([head, ...Array.from({ length: count }, () => frame), Buffer.from(";")]);
}
