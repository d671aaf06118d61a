import type { Graph } from "./prompts.ts";

/** One piece of sound arithmetic. Its result is the FLAC that node `save` writes. */
export interface SoundCase {
  readonly graph: Graph;
  /** How far a sample may be from the recorded one, in parts of full scale: 0 where nothing is rounded. */
  readonly tolerance: number;
}

type Inputs = Readonly<Record<string, unknown>>;
type Link = readonly [string, number];
const V: Link = ["v", 0];
const M: Link = ["m", 0];
/** One step of 16 bits. */
const STEP = 1 / 32768;
/** Resampling is a matter of filters: two good ones agree to about one percent of full scale. */
const RESAMPLED = 0.01;

const loads: Graph = {
  v: { class_type: "LoadAudio", inputs: { audio: "conformance-voice.wav" } },
  m: { class_type: "LoadAudio", inputs: { audio: "conformance-mono.wav" } },
};

function sound(classType: string, inputs: Inputs, tolerance = 0, slot = 0): SoundCase {
  const links = Object.values(inputs).filter(Array.isArray);
  const graph: Graph = {
    ...Object.fromEntries(Object.entries(loads).filter(([id]) => links.some(([source]) => source === id))),
    x: { class_type: classType, inputs },
    save: { class_type: "SaveAudio", inputs: { audio: ["x", slot], filename_prefix: "conformance/sound" } },
  };
  return { graph, tolerance };
}

const saved = (from: Link): SoundCase => ({
  graph: {
    [from[0]]: loads[from[0]] ?? { class_type: "", inputs: {} },
    save: { class_type: "SaveAudio", inputs: { audio: from, filename_prefix: "conformance/sound" } },
  },
  tolerance: 0,
});

const trim = (start_index: number, duration: number): SoundCase =>
  sound("TrimAudioDuration", { audio: V, start_index, duration });
const join = (audio1: Link, audio2: Link, direction: string, tolerance: number): SoundCase =>
  sound("AudioConcat", { audio1, audio2, direction }, tolerance);
const merge = (audio1: Link, audio2: Link, merge_method: string, tolerance: number): SoundCase =>
  sound("AudioMerge", { audio1, audio2, merge_method }, tolerance);

export const soundCases: Readonly<Record<string, SoundCase>> = {
  "load-stereo": saved(V),
  "load-mono": saved(M),
  silence: sound("EmptyAudio", { duration: 0.05, sample_rate: 16000, channels: 2 }),
  "silence-mono": sound("EmptyAudio", { duration: 0.0333, sample_rate: 44100, channels: 1 }),
  "trim-inside": trim(0.05, 0.1),
  "trim-from-the-end": trim(-0.1, 0.05),
  "trim-beyond": trim(0.2, 9),
  "join-after": join(V, V, "after", 0),
  "join-before-mono": join(V, M, "before", RESAMPLED),
  "join-to-mono": join(M, V, "after", RESAMPLED),
  "merge-add": merge(V, V, "add", STEP),
  "merge-mean": merge(V, V, "mean", STEP),
  "merge-subtract": merge(V, V, "subtract", STEP),
  "merge-multiply": merge(V, V, "multiply", STEP),
  "merge-add-mono": merge(V, M, "add", RESAMPLED),
  "merge-mean-onto-mono": merge(M, V, "mean", RESAMPLED),
  quieter: sound("AudioAdjustVolume", { audio: V, volume: -6 }, STEP),
  "too-loud": sound("AudioAdjustVolume", { audio: V, volume: 20 }, STEP),
  left: sound("SplitAudioChannels", { audio: V }),
  right: sound("SplitAudioChannels", { audio: V }, 0, 1),
};
