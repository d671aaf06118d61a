import { lengthOf, type Sound, toInt16 } from "./audio.ts";

interface Format {
  readonly isFloat: boolean;
  readonly channels: number;
  readonly sampleRate: number;
  readonly bits: number;
}

/** Writes 16-bit PCM. */
export function encodeWav(sound: Sound): Uint8Array {
  const channels = sound.channels.map(toInt16);
  const frames = lengthOf(sound);
  const file = Buffer.alloc(44 + frames * channels.length * 2);
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(file.length - 8, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(channels.length, 22);
  file.writeUInt32LE(sound.sampleRate, 24);
  file.writeUInt32LE(sound.sampleRate * channels.length * 2, 28);
  file.writeUInt16LE(channels.length * 2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36, "latin1");
  file.writeUInt32LE(file.length - 44, 40);
  for (let frame = 0; frame < frames; frame++) {
    channels.forEach((channel, index) => {
      file.writeInt16LE(channel[frame] ?? 0, 44 + (frame * channels.length + index) * 2);
    });
  }
  return file;
}

/** Reads PCM of 8, 16, 24 or 32 bits, or IEEE float of 32 or 64, also with the extensible header. */
export function decodeWav(bytes: Uint8Array): Sound {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let format: Format | undefined;
  for (let at = 12; at + 8 <= file.length; ) {
    const type = file.toString("latin1", at, at + 4);
    const length = Math.min(file.readUInt32LE(at + 4), file.length - at - 8);
    if (type === "fmt ") format = readFormat(file, at + 8);
    if (type === "data" && format !== undefined) return readSamples(file.subarray(at + 8, at + 8 + length), format);
    at += 8 + length + (length & 1);
  }
  throw new Error("the WAV file holds no sound: a fmt and a data chunk were expected");
}

function readFormat(file: Buffer, at: number): Format {
  const tag = file.readUInt16LE(at);
  // 0xFFFE is the extensible header: the real tag is the first word of the sub-format.
  const code = tag === 0xfffe ? file.readUInt16LE(at + 24) : tag;
  if (code !== 1 && code !== 3) throw new Error(`WAV format ${code} is not supported: expected PCM (1) or float (3)`);
  return {
    isFloat: code === 3,
    channels: file.readUInt16LE(at + 2),
    sampleRate: file.readUInt32LE(at + 4),
    bits: file.readUInt16LE(at + 14),
  };
}

function readSamples(data: Buffer, format: Format): Sound {
  const bytesPerSample = format.bits / 8;
  const read = sampleReader(data, format);
  const frames = Math.floor(data.length / (bytesPerSample * format.channels));
  const channels = Array.from({ length: format.channels }, (_, channel) => {
    const samples = new Float32Array(frames);
    for (let frame = 0; frame < frames; frame++) {
      samples[frame] = read((frame * format.channels + channel) * bytesPerSample);
    }
    return samples;
  });
  return { sampleRate: format.sampleRate, channels };
}

function sampleReader(data: Buffer, format: Format): (at: number) => number {
  if (format.isFloat && format.bits === 32) return (at) => data.readFloatLE(at);
  if (format.isFloat && format.bits === 64) return (at) => data.readDoubleLE(at);
  switch (format.bits) {
    case 8:
      return (at) => (data.readUInt8(at) - 128) / 128;
    case 16:
      return (at) => data.readInt16LE(at) / 32768;
    case 24:
      return (at) => data.readIntLE(at, 3) / 8388608;
    case 32:
      return (at) => data.readInt32LE(at) / 2147483648;
    default:
      throw new Error(`WAV samples of ${format.bits} bits are not supported: expected 8, 16, 24 or 32`);
  }
}
