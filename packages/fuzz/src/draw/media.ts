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
  const side = random.integer(16, 64);
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

/** A true WAV of a fifth of a second: a tone, each time another one. */
export function drawSound(random: Random): Buffer {
  const rate = 8_000;
  const samples = Buffer.alloc(rate / 5);
  const step = random.integer(5, 40) / 100;
  for (let n = 0; n < samples.length; n++) samples[n] = 128 + Math.round(100 * Math.sin(n * step));
  const head = Buffer.alloc(44);
  head.write("RIFF", 0, "latin1");
  head.writeUInt32LE(36 + samples.length, 4);
  head.write("WAVEfmt ", 8, "latin1");
  head.writeUInt32LE(16, 16);
  // Uncompressed, one channel, one byte for each sample.
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write("data", 36, "latin1");
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

/** The one that announced uploads are of. */
export const plainPicture = drawPicture(createRandom(1));
