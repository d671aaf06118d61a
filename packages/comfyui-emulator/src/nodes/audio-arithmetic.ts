import { lengthOf, mapChannels, type Sound } from "../media/audio.ts";
import { resampleSound } from "../media/resample.ts";
import { roundHalfEven } from "../media/resize.ts";
import { NodeError } from "../node.ts";

/** Both at the higher of their rates. */
function atCommonRate(first: Sound, second: Sound): [Sound, Sound] {
  const sampleRate = Math.max(first.sampleRate, second.sampleRate);
  return [resampleSound(first, sampleRate), resampleSound(second, sampleRate)];
}

function toStereo(sound: Sound): Sound {
  const [only] = sound.channels;
  return sound.channels.length === 1 && only !== undefined ? { ...sound, channels: [only, only] } : sound;
}

/** The second after the first, in stereo. */
export function concatSounds(first: Sound, second: Sound): Sound {
  const [a, b] = atCommonRate(toStereo(first), toStereo(second));
  const channels = a.channels.map((channel, index) => {
    const joined = new Float32Array(channel.length + lengthOf(b));
    joined.set(channel);
    joined.set(b.channels[index] ?? new Float32Array(), channel.length);
    return joined;
  });
  return { sampleRate: a.sampleRate, channels };
}

const MERGES: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  mean: (a, b) => Math.fround(a + b) / 2,
};

/** Lays the second over the first, cut or filled with silence to its length; louder than full scale is scaled back. */
export function mergeSounds(first: Sound, second: Sound, method: string): Sound {
  const merge = MERGES[method];
  if (merge === undefined) throw new NodeError("UnboundLocalError", `Unknown merge method: ${method}`);
  const [a, b] = atCommonRate(first, second);
  // One channel meets two as tensors broadcast: it counts for both.
  const wide = a.channels.length >= b.channels.length ? a.channels : b.channels;
  const pick = (sound: Sound, index: number): Float32Array | undefined => sound.channels[index] ?? sound.channels[0];
  const channels = wide.map((_, index) =>
    Float32Array.from(pick(a, index) ?? [], (value, at) => merge(value, pick(b, index)?.[at] ?? 0)),
  );
  const peak = channels.reduce(
    (top, channel) => channel.reduce((most, value) => Math.max(most, Math.abs(value)), top),
    0,
  );
  const merged = { sampleRate: a.sampleRate, channels };
  return peak > 1 ? mapChannels(merged, (channel) => channel.map((value) => value / peak)) : merged;
}

/** Louder or softer by decibels; zero leaves the very samples. */
export function adjustVolume(sound: Sound, decibels: number): Sound {
  if (decibels === 0) return sound;
  const gain = Math.fround(10 ** (decibels / 20));
  return mapChannels(sound, (channel) => channel.map((value) => value * gain));
}

/** From a second (negative: from the end) for some seconds. */
export function trimSound(sound: Sound, startSeconds: number, durationSeconds: number): Sound {
  const length = lengthOf(sound);
  const offset = roundHalfEven(startSeconds * sound.sampleRate) + (startSeconds < 0 ? length : 0);
  const start = Math.max(0, Math.min(offset, length - 1));
  const end = Math.max(0, Math.min(start + roundHalfEven(durationSeconds * sound.sampleRate), length));
  if (start >= end) {
    const message = "AudioTrim: Start time must be less than end time and be within the audio length.";
    throw new NodeError("ValueError", message);
  }
  return mapChannels(sound, (channel) => channel.subarray(start, end));
}

/** Left and right as two mono sounds; everything but stereo is refused with ComfyUI's sentence. */
export function splitChannels(sound: Sound): [Sound, Sound] {
  const [left, right] = sound.channels;
  if (sound.channels.length !== 2 || left === undefined || right === undefined) {
    throw new NodeError("ValueError", "AudioSplit: Input audio has only one channel.");
  }
  return [
    { sampleRate: sound.sampleRate, channels: [left] },
    { sampleRate: sound.sampleRate, channels: [right] },
  ];
}
