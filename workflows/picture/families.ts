import { at, type GraphTemplate, type Place } from "../src/template.ts";
import fluxSchnellFp8Graph from "./flux-schnell-fp8.json" with { type: "json" };
import fluxSchnellGgufGraph from "./flux-schnell-gguf.json" with { type: "json" };
import { fluxSchnellFp8Files, fluxSchnellGgufFiles, sdxlFiles } from "./model-files.ts";
import sdxlGraph from "./sdxl.json" with { type: "json" };

/** How a family of models wants to be spoken to. Flux reads sentences and has no negative prompt; SDXL reads comma-separated tags. */
export type PictureFamily = "flux" | "sdxl";

/** What a family renders with when the caller does not say. */
export interface PictureDefaults {
  readonly steps: number;
  readonly cfg: number;
  readonly sampler: string;
  readonly scheduler: string;
}

/** A graph that renders pictures, with what a plan for it must know. */
export interface PictureTemplate extends GraphTemplate {
  readonly family: PictureFamily;
  /** Width and height are multiples of this. */
  readonly gridPixels: number;
  readonly defaults: PictureDefaults;
}

// The three graphs name their nodes alike, so one table says where the values go.
const places = {
  positive: [at("positive", "text")],
  width: [at("latent", "width")],
  height: [at("latent", "height")],
  seed: [at("sampler", "seed")],
  steps: [at("sampler", "steps")],
  cfg: [at("sampler", "cfg")],
  sampler: [at("sampler", "sampler_name")],
  scheduler: [at("sampler", "scheduler")],
} satisfies Record<string, readonly Place[]>;

// Schnell is distilled: four steps, and no guidance (cfg 1 also halves the work, because ComfyUI then skips the negative pass).
const schnell = {
  family: "flux",
  gridPixels: 16,
  defaults: { steps: 4, cfg: 1, sampler: "euler", scheduler: "simple" },
  values: places,
  media: {},
  outputs: ["save"],
} as const;

export const fluxSchnellGguf: PictureTemplate = {
  ...schnell,
  id: "flux-schnell-gguf",
  model: "flux-schnell",
  graph: fluxSchnellGgufGraph,
  models: fluxSchnellGgufFiles,
};

export const fluxSchnellFp8: PictureTemplate = {
  ...schnell,
  id: "flux-schnell-fp8",
  model: "flux-schnell-fp8",
  graph: fluxSchnellFp8Graph,
  models: fluxSchnellFp8Files,
};

export const sdxl: PictureTemplate = {
  id: "sdxl",
  model: "sdxl",
  family: "sdxl",
  gridPixels: 8,
  defaults: { steps: 25, cfg: 6.5, sampler: "dpmpp_2m", scheduler: "karras" },
  graph: sdxlGraph,
  values: { ...places, negative: [at("negative", "text")] },
  media: {},
  models: sdxlFiles,
  outputs: ["save"],
};

export const pictureTemplates: readonly PictureTemplate[] = [fluxSchnellGguf, fluxSchnellFp8, sdxl];

/** The words a caller may write as `model`, and what renders each, the best first. */
export const pictureModels: ReadonlyMap<string, readonly PictureTemplate[]> = new Map([
  ["flux-schnell", [fluxSchnellGguf, fluxSchnellFp8]],
  ["flux-schnell-fp8", [fluxSchnellFp8]],
  ["sdxl", [sdxl]],
]);
