import type { Sound } from "./audio.ts";
import { createRandom, type Random } from "./painting/random.ts";

const SAMPLE_RATE = 24_000;
/** An unhurried speaker says about fourteen characters a second. */
const SECONDS_PER_CHARACTER = 0.07;
/** Ten minutes are 58 MB of float samples; longer texts are spoken faster instead. */
const SECONDS_MAX = 600;
/** Vowel colours as the first two formants in hertz: what makes a tone sound like a, e, i, o or u. */
const FORMANTS: Readonly<Record<string, readonly [number, number]>> = {
  a: [760, 1220],
  e: [520, 1840],
  i: [310, 2240],
  o: [480, 900],
  u: [340, 780],
  y: [330, 1980],
};
const PENTATONIC = [0, 2, 4, 7, 9];

export interface SpeechWish {
  readonly text: string;
  readonly seed: string;
  /** Above 1 is slower, as in F5-TTS's nodes. */
  readonly speed: number;
  /** Shifts the voice: the same voice sample gives the same pitch. */
  readonly voice: string;
}

/**
 * Simulated speech at 24 kHz, mono: two rising marker tones that say "this is not a voice", then one soft vowel-like
 * tone per syllable. Length follows the text: about 70 ms per character times `speed`.
 */
export function simulateSpeech(wish: SpeechWish): Sound {
  const random = createRandom(wish.seed, wish.text, wish.voice);
  const base = 105 * 2 ** (createRandom(wish.voice)() * 1.1);
  const marker = 0.36;
  const seconds = Math.min(SECONDS_MAX, Math.max(0.3, wish.text.length * SECONDS_PER_CHARACTER * wish.speed));
  const samples = new Float32Array(Math.round((marker + seconds + 0.12) * SAMPLE_RATE));
  addMarker(samples);
  const pace = seconds / Math.max(1, wish.text.length);
  for (const { start, letters } of splitSyllables(wish.text)) {
    addSyllable(samples, { at: marker + start * pace, seconds: letters.length * pace, letters, base }, random);
  }
  return { sampleRate: SAMPLE_RATE, channels: [samples] };
}

interface Syllable {
  /** Position in the text. */
  readonly start: number;
  readonly letters: string;
}

/** Each run of vowels with the consonants before it, and a word's last consonants. */
function splitSyllables(text: string): Syllable[] {
  const plain = text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const parts = plain.matchAll(/[a-z0-9]*?[aeiouy]+(?:[^aeiouy\s\p{P}]+(?![\p{L}]))?|[a-z0-9]+|\p{L}/gu);
  return Array.from(parts, (match) => ({ start: match.index, letters: match[0] }));
}

function addMarker(samples: Float32Array): void {
  [660, 880].forEach((pitch, index) => {
    const start = Math.round(index * 0.13 * SAMPLE_RATE);
    const length = Math.round(0.12 * SAMPLE_RATE);
    for (let at = 0; at < length; at++) {
      const shape = Math.sin((Math.PI * at) / length) ** 2;
      samples[start + at] =
        (samples[start + at] ?? 0) + 0.25 * shape * Math.sin((2 * Math.PI * pitch * at) / SAMPLE_RATE);
    }
  });
}

interface Note {
  readonly at: number;
  readonly seconds: number;
  readonly letters: string;
  readonly base: number;
}

function addSyllable(samples: Float32Array, note: Note, random: Random): void {
  const step = PENTATONIC[Math.floor(random() * PENTATONIC.length)] ?? 0;
  const pitch = note.base * 2 ** (step / 12);
  const vowel = /[aeiouy]/.exec(note.letters)?.[0] ?? "e";
  const [first, second] = FORMANTS[vowel] ?? [520, 1840];
  const partials = Math.min(18, Math.floor(3400 / pitch));
  const weights = Array.from({ length: partials }, (_, index) => {
    const frequency = (index + 1) * pitch;
    const near = (formant: number, width: number): number => Math.exp(-(((frequency - formant) / width) ** 2));
    return (0.22 / (index + 1) + near(first, 160) + 0.45 * near(second, 220)) / (1 + index * 0.12);
  });
  const loudness = 0.42 / Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0));
  const start = Math.round(note.at * SAMPLE_RATE);
  const length = Math.round(note.seconds * 0.92 * SAMPLE_RATE);
  let phase = 0;
  for (let at = 0; at < length && start + at < samples.length; at++) {
    const t = at / length;
    const vibrato = 1 + 0.012 * Math.sin((2 * Math.PI * 5.2 * at) / SAMPLE_RATE) - 0.05 * t;
    phase += (2 * Math.PI * pitch * vibrato) / SAMPLE_RATE;
    let sum = 0;
    for (let partial = 0; partial < partials; partial++)
      sum += (weights[partial] ?? 0) * Math.sin((partial + 1) * phase);
    const envelope = Math.min(1, t * 7) * Math.min(1, (1 - t) * 3.2);
    samples[start + at] = (samples[start + at] ?? 0) + loudness * envelope * envelope * sum;
  }
}
