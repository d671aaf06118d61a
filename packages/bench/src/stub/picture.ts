import { randomBytes } from "node:crypto";

/** The head of a PNG of one picture element, up to the first byte of its data. */
function toPngHead(): Buffer {
  const head = Buffer.alloc(41);
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]).copy(head);
  head.writeUInt32BE(13, 8);
  head.write("IHDR", 12, "latin1");
  head.writeUInt32BE(1, 16);
  head.writeUInt32BE(1, 20);
  head.writeUInt8(8, 24);
  head.write("IDAT", 37, "latin1");
  return head;
}

/** Random bytes, so that nothing on the way can make them small. */
const filling = randomBytes(1024 * 1024);
const head = toPngHead();
const NAME_BYTES = 96;

/** Smallest picture that has room for its own name. */
export const PICTURE_BYTES_MIN = head.length + NAME_BYTES;

/**
 * A file that reads as a PNG and is different for each name: equal files would be stored once. In pieces of at most 1 MiB, none of them
 * copied.
 */
export function* toPicture(name: string, sizeBytes: number): Generator<Buffer> {
  const start = Buffer.alloc(PICTURE_BYTES_MIN);
  head.copy(start);
  start.write(name.slice(-NAME_BYTES), head.length, "latin1");
  yield start.subarray(0, sizeBytes);
  let left = sizeBytes - start.length;
  while (left > 0) {
    const piece = filling.subarray(0, Math.min(left, filling.length));
    left -= piece.length;
    yield piece;
  }
}
