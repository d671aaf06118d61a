import { createHash } from "node:crypto";
import { lengthOf, type Sound, toInt16 } from "./audio.ts";
import { type BitWriter, createBitWriter } from "./bits.ts";
import { crc8, crc16 } from "./flac-crc.ts";

const BLOCK_SIZE = 4096;
const BITS = 16;
const VENDOR = "@comfy/comfyui-emulator";

/**
 * Writes a 16-bit FLAC file: fixed predictors, Rice-coded residuals, channels stored independently.
 * `comments` become Vorbis comments (ComfyUI puts the graph under `prompt` there).
 */
export function encodeFlac(sound: Sound, comments: Readonly<Record<string, string>> = {}): Uint8Array {
  const channels = sound.channels.map(toInt16);
  if (channels.length < 1 || channels.length > 8) {
    throw new RangeError(`FLAC holds 1 to 8 channels, not ${channels.length}`);
  }
  const frames: Uint8Array[] = [];
  const length = lengthOf(sound);
  for (let start = 0; start < length; start += BLOCK_SIZE) {
    const blocks = channels.map((channel) => channel.subarray(start, start + BLOCK_SIZE));
    frames.push(encodeFrame(blocks, frames.length));
  }
  const info = metadataBlock(0, streamInfo(channels, sound.sampleRate, length), false);
  const tags = metadataBlock(4, vorbisComments(comments), true);
  return Buffer.concat([Buffer.from("fLaC"), info, tags, ...frames]);
}

function streamInfo(channels: readonly Int16Array[], sampleRate: number, length: number): Uint8Array {
  const writer = createBitWriter();
  writer.write(BLOCK_SIZE, 16);
  writer.write(BLOCK_SIZE, 16);
  // Smallest and largest frame in bytes: zero means unknown.
  writer.write(0, 24);
  writer.write(0, 24);
  writer.write(sampleRate, 20);
  writer.write(channels.length - 1, 3);
  writer.write(BITS - 1, 5);
  writer.write(Math.floor(length / 2 ** 32), 4);
  writer.write(length >>> 0, 32);
  return Buffer.concat([writer.bytes(), digest(channels)]);
}

/** MD5 of the interleaved little-endian samples: decoders check it. */
function digest(channels: readonly Int16Array[]): Uint8Array {
  const length = channels[0]?.length ?? 0;
  const bytes = Buffer.alloc(length * channels.length * 2);
  for (let frame = 0; frame < length; frame++) {
    channels.forEach((channel, index) => {
      bytes.writeInt16LE(channel[frame] ?? 0, (frame * channels.length + index) * 2);
    });
  }
  return createHash("md5").update(bytes).digest();
}

function vorbisComments(comments: Readonly<Record<string, string>>): Uint8Array {
  const texts = Object.entries(comments).map(([key, value]) => `${key}=${value}`);
  const parts = [lengthPrefixed(VENDOR), uint32LittleEndian(texts.length), ...texts.map(lengthPrefixed)];
  return Buffer.concat(parts);
}

function lengthPrefixed(text: string): Uint8Array {
  const bytes = Buffer.from(text, "utf8");
  return Buffer.concat([uint32LittleEndian(bytes.length), bytes]);
}

function uint32LittleEndian(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function metadataBlock(type: number, body: Uint8Array, isLast: boolean): Uint8Array {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(((isLast ? 0x80 : 0) | type) * 2 ** 24 + body.length);
  return Buffer.concat([header, body]);
}

function encodeFrame(blocks: readonly Int16Array[], index: number): Uint8Array {
  const length = blocks[0]?.length ?? 0;
  const writer = createBitWriter();
  // Sync code and "fixed block size"; block size as 16 bits below; sample rate and sample size from STREAMINFO.
  writer.write(0xfff8, 16);
  writer.write(0x7, 4);
  writer.write(0, 4);
  writer.write(blocks.length - 1, 4);
  writer.write(0, 4);
  for (const byte of Buffer.from(codedNumber(index))) writer.write(byte, 8);
  writer.write(length - 1, 16);
  writer.write(crc8(writer.bytes()), 8);
  for (const block of blocks) writeSubframe(writer, block);
  writer.align();
  writer.write(crc16(writer.bytes()), 16);
  return writer.bytes();
}

/** The frame number in the UTF-8 scheme, which FLAC borrows for integers (up to 21 bits suffice for 50 hours). */
function codedNumber(value: number): number[] {
  if (value < 0x80) return [value];
  if (value < 0x800) return [0xc0 | (value >> 6), 0x80 | (value & 63)];
  if (value < 0x10000) return [0xe0 | (value >> 12), 0x80 | ((value >> 6) & 63), 0x80 | (value & 63)];
  return [0xf0 | (value >> 18), 0x80 | ((value >> 12) & 63), 0x80 | ((value >> 6) & 63), 0x80 | (value & 63)];
}

function writeSubframe(writer: BitWriter, block: Int16Array): void {
  const first = block[0] ?? 0;
  if (block.every((sample) => sample === first)) {
    writer.write(0, 8);
    writer.write(first, BITS);
    return;
  }
  const { order, residual } = bestPredictor(block);
  writer.write((0b001000 | order) << 1, 8);
  for (let index = 0; index < order; index++) writer.write(block[index] ?? 0, BITS);
  writeResidual(writer, residual, block.length, order);
}

/** Of the five fixed predictors (repeated differences), the one that leaves the least. */
function bestPredictor(block: Int16Array): { order: number; residual: Int32Array } {
  let residual = Int32Array.from(block);
  let best = { order: 0, residual, sum: magnitude(residual) };
  for (let order = 1; order <= Math.min(4, block.length - 1); order++) {
    const previous = residual;
    residual = new Int32Array(previous.length - 1);
    for (let index = 0; index < residual.length; index++) {
      residual[index] = (previous[index + 1] ?? 0) - (previous[index] ?? 0);
    }
    const sum = magnitude(residual);
    if (sum < best.sum) best = { order, residual, sum };
  }
  return best;
}

function magnitude(values: Int32Array): number {
  let sum = 0;
  for (const value of values) sum += Math.abs(value);
  return sum;
}

function writeResidual(writer: BitWriter, residual: Int32Array, blockLength: number, order: number): void {
  // Sixteen partitions adapt to changing loudness; odd-sized last blocks get one.
  const partitionOrder = blockLength % 16 === 0 && blockLength / 16 > order ? 4 : 0;
  const partitionLength = blockLength >> partitionOrder;
  writer.write(0, 2);
  writer.write(partitionOrder, 4);
  for (let start = 0; start < residual.length; ) {
    const end = start === 0 ? partitionLength - order : start + partitionLength;
    writePartition(writer, residual.subarray(start, end));
    start = end;
  }
}

function writePartition(writer: BitWriter, residual: Int32Array): void {
  const mean = magnitude(residual) / residual.length;
  const parameter = Math.min(14, Math.max(0, Math.ceil(Math.log2(mean + 0.5))));
  writer.write(parameter, 4);
  for (const value of residual) {
    const folded = value >= 0 ? value * 2 : -value * 2 - 1;
    writer.unary(folded >>> parameter);
    writer.write(folded, parameter);
  }
}
