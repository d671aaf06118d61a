import { upload } from "./http.ts";
import { paintPng } from "./png.ts";

/** The files that the graphs of this suite read: crafted by rule, so that no picture or sound of anybody is needed. */

const SAMPLE_RATE = 8000;
const clamp = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));

/** A cheap scatter of the place: neighbours differ, so that filters have something to do. */
const grain = (x: number, y: number): number => ((x * 73 + y * 151 + x * y * 7) % 61) - 30;

/** 40x24: slopes with grain, and a round hole whose alpha fades. */
export function inputPng(): Uint8Array {
  return paintPng(40, 24, (x, y) => {
    const hole = Math.hypot(x - 26, y - 12);
    return [clamp(x * 6 + grain(x, y)), clamp(y * 10 + grain(y, x)), clamp(255 - x * 4 - y * 3), clamp(hole * 32 - 40)];
  });
}

/** 28x20, no alpha, hard edges: what rings shows here. */
export function secondPng(): Uint8Array {
  return paintPng(28, 20, (x, y) =>
    ((x >> 2) + (y >> 2)) % 2 === 0 ? [250, 240 - y * 8, 10] : [x * 9, 30, clamp(200 + grain(x, y))],
  );
}

/** 16-bit PCM in a WAV file; values from -1 to 1 by channel. */
export function writeWav(channels: readonly (readonly number[])[], sampleRate: number): Uint8Array {
  const frames = channels[0]?.length ?? 0;
  const blockBytes = 2 * channels.length;
  const bytes = Buffer.alloc(44 + frames * blockBytes);
  bytes.write("RIFF", 0, "latin1");
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write("WAVEfmt ", 8, "latin1");
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(channels.length, 22);
  bytes.writeUInt32LE(sampleRate, 24);
  bytes.writeUInt32LE(sampleRate * blockBytes, 28);
  bytes.writeUInt16LE(blockBytes, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write("data", 36, "latin1");
  bytes.writeUInt32LE(frames * blockBytes, 40);
  for (let frame = 0; frame < frames; frame += 1) {
    channels.forEach((samples, channel) => {
      bytes.writeInt16LE(Math.round(32767 * (samples[frame] ?? 0)), 44 + frame * blockBytes + channel * 2);
    });
  }
  return bytes;
}

const tone = (frequency: number, loudness: number, seconds: number, sampleRate: number): number[] =>
  Array.from(
    { length: Math.round(seconds * sampleRate) },
    (_, index) =>
      loudness * Math.sin((2 * Math.PI * frequency * index) / sampleRate) * Math.cos((9 * index) / sampleRate),
  );

/** A quarter of a second in stereo, another tone left and right. */
export function voiceWav(): Uint8Array {
  return writeWav([tone(440, 0.6, 0.25, SAMPLE_RATE), tone(1230, 0.3, 0.25, SAMPLE_RATE)], SAMPLE_RATE);
}

/** A tenth of a second, one channel, at another rate. */
export function monoWav(): Uint8Array {
  return writeWav([tone(700, 0.8, 0.1, 12_000)], 12_000);
}

const files: Readonly<Record<string, () => Uint8Array>> = {
  "conformance-input.png": inputPng,
  "conformance-second.png": secondPng,
  "conformance-voice.wav": voiceWav,
  "conformance-mono.wav": monoWav,
};

/** Uploads what the graphs of this suite read. */
export async function uploadInputs(url: string): Promise<void> {
  for (const [name, make] of Object.entries(files)) {
    await upload(url, name, make(), { overwrite: "true" });
  }
}
