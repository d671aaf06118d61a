/** Sound as ComfyUI's AUDIO knows it: one Float32Array per channel, nominally -1..1. Batches beyond one are not used. */
export interface Sound {
  readonly sampleRate: number;
  readonly channels: readonly Float32Array[];
}

/** Samples per channel. */
export function lengthOf(sound: Sound): number {
  return sound.channels[0]?.length ?? 0;
}

export function durationOf(sound: Sound): number {
  return lengthOf(sound) / sound.sampleRate;
}

/** Applies a function to each channel. */
export function mapChannels(sound: Sound, change: (channel: Float32Array) => Float32Array): Sound {
  return { sampleRate: sound.sampleRate, channels: sound.channels.map(change) };
}

/** Cuts out samples `start` to `end` (exclusive). */
export function sliceSound(sound: Sound, start: number, end: number): Sound {
  return mapChannels(sound, (channel) => channel.slice(start, end));
}

/** Float to 16-bit as FFmpeg does it: times 32768, rounded half to even, clipped. */
export function toInt16(samples: Float32Array): Int16Array {
  const integers = new Int16Array(samples.length);
  for (let index = 0; index < integers.length; index++) {
    const scaled = Math.fround((samples[index] ?? 0) * 32768);
    const floor = Math.floor(scaled);
    const isHalf = scaled - floor === 0.5;
    const rounded = isHalf ? floor + (floor & 1) : Math.round(scaled);
    integers[index] = Math.min(32767, Math.max(-32768, rounded));
  }
  return integers;
}
