import { mapChannels, type Sound } from "./audio.ts";

const LOWPASS_WIDTH = 6;
const ROLLOFF = 0.99;

/**
 * Resamples with a Hann-windowed sinc (6 zero crossings, roll-off 0.99): the method and the parameters that ComfyUI's
 * audio nodes get from torchaudio, so that lengths and samples agree.
 */
export function resampleSound(sound: Sound, sampleRate: number): Sound {
  if (sampleRate === sound.sampleRate) return sound;
  const divisor = greatestCommonDivisor(sound.sampleRate, sampleRate);
  const from = sound.sampleRate / divisor;
  const to = sampleRate / divisor;
  const { kernels, width } = createKernels(from, to);
  return { ...mapChannels(sound, (channel) => convolve(channel, kernels, { from, to, width })), sampleRate };
}

function createKernels(from: number, to: number): { kernels: Float32Array[]; width: number } {
  const base = Math.min(from, to) * ROLLOFF;
  const width = Math.ceil((LOWPASS_WIDTH * from) / base);
  const kernels = Array.from({ length: to }, (_, phase) => {
    const kernel = new Float32Array(2 * width + from);
    for (let tap = 0; tap < kernel.length; tap++) {
      const raw = (-phase / to + (tap - width) / from) * base;
      const time = Math.min(LOWPASS_WIDTH, Math.max(-LOWPASS_WIDTH, raw));
      const window = Math.cos((time * Math.PI) / LOWPASS_WIDTH / 2) ** 2;
      const angle = time * Math.PI;
      kernel[tap] = (angle === 0 ? 1 : Math.sin(angle) / angle) * window * (base / from);
    }
    return kernel;
  });
  return { kernels, width };
}

function convolve(
  channel: Float32Array,
  kernels: readonly Float32Array[],
  rates: { from: number; to: number; width: number },
): Float32Array {
  const result = new Float32Array(Math.ceil((rates.to * channel.length) / rates.from));
  for (let index = 0; index < result.length; index++) {
    const kernel = kernels[index % rates.to] ?? new Float32Array();
    const start = Math.floor(index / rates.to) * rates.from - rates.width;
    let sum = 0;
    for (let tap = Math.max(0, -start); tap < kernel.length && start + tap < channel.length; tap++) {
      sum += (kernel[tap] ?? 0) * (channel[start + tap] ?? 0);
    }
    result[index] = sum;
  }
  return result;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
