import { crc32, deflateSync } from "node:zlib";
import { createRandom, type Random } from "../random.ts";

function toChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(data.length);
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(crc32(body));
  return Buffer.concat([head, body, tail]);
}

/** A true PNG of one colour, each time another one. */
export function drawPicture(random: Random): Buffer {
  const side = random.integer(1, 16);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const colour = [random.integer(0, 255), random.integer(0, 255), random.integer(0, 255)];
  const row = [0, ...Array.from({ length: side }, () => colour).flat()];
  const pixels = deflateSync(Buffer.from(Array.from({ length: side }, () => row).flat()));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, toChunk("IHDR", head), toChunk("IDAT", pixels), toChunk("IEND", Buffer.alloc(0))]);
}

/** The one that announced uploads are of. */
export const plainPicture = drawPicture(createRandom(1));
