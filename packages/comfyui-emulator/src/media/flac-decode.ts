import type { Sound } from "./audio.ts";
import { type BitReader, createBitReader } from "./bits.ts";

interface StreamInfo {
  readonly sampleRate: number;
  readonly channels: number;
  readonly bits: number;
  readonly total: number;
}

const FIXED_COEFFICIENTS: readonly (readonly number[])[] = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]];
/** Block sizes and sample sizes by their code in the frame header; zero means "see elsewhere". */
const BLOCK_SIZES = [0, 192, 576, 1152, 2304, 4608, 0, 0, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768];
const SAMPLE_BITS = [0, 8, 12, 0, 16, 20, 24, 32];

/** Reads a FLAC file of 4 to 32 bits into floats. Checksums are not checked. */
export function decodeFlac(bytes: Uint8Array): Sound {
  if (Buffer.from(bytes.subarray(0, 4)).toString("latin1") !== "fLaC") throw new Error("the file is not FLAC");
  const { info, end } = readMetadata(bytes);
  const reader = createBitReader(bytes, end);
  const blocks: number[][][] = [];
  let decoded = 0;
  while (reader.position() + 2 < bytes.length && (info.total === 0 || decoded < info.total)) {
    const block = readFrame(reader, info);
    decoded += block[0]?.length ?? 0;
    blocks.push(block);
  }
  const scale = 2 ** (info.bits - 1);
  const channels = Array.from({ length: info.channels }, (_, channel) => {
    const samples = new Float32Array(decoded);
    let at = 0;
    for (const block of blocks) for (const sample of block[channel] ?? []) samples[at++] = sample / scale;
    return samples;
  });
  return { sampleRate: info.sampleRate, channels };
}

/** The Vorbis comments of a FLAC file. */
export function readFlacComments(bytes: Uint8Array): Record<string, string> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const comments: Record<string, string> = {};
  for (let at = 4, isLast = false; !isLast && at + 4 <= file.length; ) {
    isLast = file.readUInt8(at) >= 0x80;
    const type = file.readUInt8(at) & 0x7f;
    const start = at + 4;
    at = start + file.readUIntBE(at + 1, 3);
    if (type !== 4) continue;
    let cursor = start + 4 + file.readUInt32LE(start);
    const count = file.readUInt32LE(cursor);
    cursor += 4;
    for (let index = 0; index < count; index++) {
      const length = file.readUInt32LE(cursor);
      const text = file.toString("utf8", cursor + 4, cursor + 4 + length);
      comments[text.slice(0, text.indexOf("="))] = text.slice(text.indexOf("=") + 1);
      cursor += 4 + length;
    }
  }
  return comments;
}

function readMetadata(bytes: Uint8Array): { info: StreamInfo; end: number } {
  const reader = createBitReader(bytes, 8);
  // Block sizes (32 bits) and frame sizes (48 bits) are of no use here.
  reader.read(32);
  reader.read(32);
  reader.read(16);
  const sampleRate = reader.read(20);
  const channels = reader.read(3) + 1;
  const bits = reader.read(5) + 1;
  const total = reader.read(4) * 2 ** 32 + reader.read(32);
  let at = 4;
  for (let isLast = false; !isLast; ) {
    const header = createBitReader(bytes, at);
    isLast = header.read(1) === 1;
    header.read(7);
    at += 4 + header.read(24);
  }
  return { info: { sampleRate, channels, bits, total }, end: at };
}

function readFrame(reader: BitReader, info: StreamInfo): number[][] {
  if (reader.read(14) !== 0x3ffe) throw new Error("the FLAC stream is broken: a frame was expected");
  reader.read(2);
  const blockCode = reader.read(4);
  const rateCode = reader.read(4);
  const assignment = reader.read(4);
  const bits = SAMPLE_BITS[reader.read(3)] || info.bits;
  reader.read(1);
  skipCodedNumber(reader);
  const length = blockCode === 6 ? reader.read(8) + 1 : blockCode === 7 ? reader.read(16) + 1 : BLOCK_SIZES[blockCode];
  if (rateCode === 12) reader.read(8);
  if (rateCode === 13 || rateCode === 14) reader.read(16);
  reader.read(8);
  const count = assignment < 8 ? assignment + 1 : 2;
  const channels = Array.from({ length: count }, (_, channel) => {
    // The difference channel needs one bit more.
    const hasDifference =
      (channel === 1 && (assignment === 8 || assignment === 10)) || (channel === 0 && assignment === 9);
    return readSubframe(reader, length ?? 0, hasDifference ? bits + 1 : bits);
  });
  reader.align();
  reader.read(16);
  return restoreStereo(channels, assignment);
}

function skipCodedNumber(reader: BitReader): void {
  let first = reader.read(8);
  for (first <<= 1; first & 0x80 && first & 0x100; first <<= 1) reader.read(8);
}

function restoreStereo(channels: number[][], assignment: number): number[][] {
  const [a, b] = channels;
  if (assignment < 8 || a === undefined || b === undefined) return channels;
  if (assignment === 8) return [a, a.map((left, index) => left - (b[index] ?? 0))];
  if (assignment === 9) return [a.map((side, index) => side + (b[index] ?? 0)), b];
  const sums = a.map((middle, index) => middle * 2 + (Math.abs(b[index] ?? 0) % 2));
  return [sums.map((sum, index) => (sum + (b[index] ?? 0)) / 2), sums.map((sum, index) => (sum - (b[index] ?? 0)) / 2)];
}

function readSubframe(reader: BitReader, length: number, bits: number): number[] {
  reader.read(1);
  const type = reader.read(6);
  const wasted = reader.read(1) === 1 ? reader.unary() + 1 : 0;
  const depth = bits - wasted;
  const samples = readSamples(reader, type, length, depth);
  return wasted === 0 ? samples : samples.map((sample) => sample * 2 ** wasted);
}

function readSamples(reader: BitReader, type: number, length: number, depth: number): number[] {
  if (type === 0) return new Array<number>(length).fill(reader.readSigned(depth));
  if (type === 1) return Array.from({ length }, () => reader.readSigned(depth));
  if (type >= 8 && type <= 12) {
    const samples = Array.from({ length: type - 8 }, () => reader.readSigned(depth));
    return predict(samples, readResidual(reader, length, type - 8), FIXED_COEFFICIENTS[type - 8] ?? [], 0);
  }
  if (type < 32) throw new Error(`the FLAC stream uses the reserved subframe type ${type}`);
  const order = type - 31;
  const samples = Array.from({ length: order }, () => reader.readSigned(depth));
  const precision = reader.read(4) + 1;
  const shift = reader.readSigned(5);
  const coefficients = Array.from({ length: order }, () => reader.readSigned(precision));
  return predict(samples, readResidual(reader, length, order), coefficients, shift);
}

function predict(
  samples: number[],
  residual: readonly number[],
  coefficients: readonly number[],
  shift: number,
): number[] {
  for (const rest of residual) {
    let sum = 0;
    for (let index = 0; index < coefficients.length; index++) {
      sum += (coefficients[index] ?? 0) * (samples[samples.length - 1 - index] ?? 0);
    }
    samples.push(Math.floor(sum / 2 ** shift) + rest);
  }
  return samples;
}

function readResidual(reader: BitReader, length: number, order: number): number[] {
  const parameterBits = reader.read(2) === 0 ? 4 : 5;
  const partitions = 1 << reader.read(4);
  const residual: number[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const count = length / partitions - (partition === 0 ? order : 0);
    const parameter = reader.read(parameterBits);
    const isRaw = parameter === (1 << parameterBits) - 1;
    const rawBits = isRaw ? reader.read(5) : 0;
    for (let index = 0; index < count; index++) {
      if (isRaw) residual.push(rawBits === 0 ? 0 : reader.readSigned(rawBits));
      else {
        const folded = reader.unary() * 2 ** parameter + reader.read(parameter);
        residual.push(folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2);
      }
    }
  }
  return residual;
}
