import type { Sound } from "../../media/audio.ts";
import type { ImageBatch } from "../../media/image.ts";
import { NodeError, type NodeInputs } from "../../node.ts";

/** Weights that nobody loaded: a model, text encoder, VAE… by the names of their files. */
export interface SimulatedModel {
  readonly kind: "model";
  readonly files: readonly string[];
}

export interface Conditioning {
  readonly kind: "conditioning";
  readonly text: string;
  /** Pictures that a control net holds the sampler to, with their strength. */
  readonly controls: readonly { readonly image: ImageBatch; readonly strength: number }[];
}

/** A latent: its size in pixels, and once something was encoded or sampled the pictures that it stands for. */
export interface Latent {
  readonly kind: "latent";
  readonly width: number;
  readonly height: number;
  readonly count: number;
  readonly images: ImageBatch | undefined;
  readonly noiseMask: ImageBatch | undefined;
  /** What the last sampler was asked for, to be written on the picture. */
  readonly label: { readonly prompt: string; readonly seed: string } | undefined;
}

export interface Noise {
  readonly kind: "noise";
  readonly seed: string;
}

export interface Sampler {
  readonly kind: "sampler";
  readonly name: string;
}

export interface Guider {
  readonly kind: "guider";
  readonly positive: Conditioning;
}

export interface Sigmas {
  readonly kind: "sigmas";
  readonly steps: number;
  readonly denoise: number;
}

export interface SonicData {
  readonly kind: "sonic";
  readonly portrait: ImageBatch;
  readonly sound: Sound;
  readonly shortSide: number;
  readonly durationSecondsMax: number;
}

export interface Video {
  readonly kind: "video";
  readonly images: ImageBatch;
  readonly framesPerSecond: number;
  readonly sound: Sound | undefined;
}

type Simulated = SimulatedModel | Conditioning | Latent | Noise | Sampler | Guider | Sigmas | SonicData | Video;

/** An input of one simulated kind. */
export function simulatedInput<Kind extends Simulated["kind"]>(
  inputs: NodeInputs,
  key: string,
  kind: Kind,
): Extract<Simulated, { kind: Kind }> {
  const value = inputs[key];
  if (!isSimulatedKind(value, kind)) {
    const got = value === null || value === undefined ? "nothing" : typeof value;
    throw new NodeError("TypeError", `input ${key}: expected a ${kind}, got ${got}`);
  }
  return value;
}

function isSimulatedKind<Kind extends Simulated["kind"]>(
  value: unknown,
  kind: Kind,
): value is Extract<Simulated, { kind: Kind }> {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}

export function createModel(...files: readonly string[]): SimulatedModel {
  return { kind: "model", files };
}

export function createEmptyLatent(width: number, height: number, count: number): Latent {
  return { kind: "latent", width, height, count, images: undefined, noiseMask: undefined, label: undefined };
}

export function createLatentOf(images: ImageBatch): Latent {
  const { width, height, count } = images;
  return { kind: "latent", width, height, count, images, noiseMask: undefined, label: undefined };
}
