import type { Kind } from "@comfy/contracts";
import type { PlanChoices, PlanOutcome, PlanValue, PlanVariant } from "../src/plan.ts";
import { decideSeed } from "../src/seed.ts";
import { toPromptText } from "../src/text.ts";
import {
  type PictureDefaults,
  type PictureFamily,
  type PictureTemplate,
  pictureModels,
  pictureTemplates,
} from "./families.ts";
import { refuseUnknownWord, samplers, schedulers } from "./sampling.ts";

/** Every sampler of pictures takes more, but JSON numbers are exact only up to here. */
export const pictureSeedMax = Number.MAX_SAFE_INTEGER;

/** The words for one family, as a person reads them. */
export interface PictureWords {
  readonly positive: string;
  readonly negative?: string;
}

/** What a picture job asks for; everything that is absent is the model's own default. */
export interface PictureRequest
  extends Partial<{ readonly [Key in keyof PictureDefaults]: PictureDefaults[Key] | undefined }> {
  readonly kind: Kind;
  readonly version: number;
  readonly width: number;
  readonly height: number;
  readonly model?: string | undefined;
  readonly seed?: number | undefined;
  readonly wordsFor: (family: PictureFamily) => PictureWords;
}

const toGrid = (pixels: number, gridPixels: number): number => Math.floor(pixels / gridPixels) * gridPixels;

function toVariant(template: PictureTemplate, request: PictureRequest, seed: number): PlanVariant {
  const { defaults, gridPixels } = template;
  const words = request.wordsFor(template.family);
  const values: Record<string, PlanValue> = {
    positive: toPromptText(words.positive),
    width: toGrid(request.width, gridPixels),
    height: toGrid(request.height, gridPixels),
    seed,
    steps: request.steps ?? defaults.steps,
    cfg: request.cfg ?? defaults.cfg,
    sampler: request.sampler ?? defaults.sampler,
    scheduler: request.scheduler ?? defaults.scheduler,
  };
  if (words.negative !== undefined) values.negative = toPromptText(words.negative);
  return { id: template.id, model: template.model, words, values };
}

/** The plan of any picture: one variant for each graph that can render the model asked for (Flux, then SDXL, when none is). */
export function planPicture(request: PictureRequest, choices: PlanChoices): PlanOutcome {
  const model = request.model?.trim().toLowerCase();
  const refusal =
    refuseUnknownWord("model", model, pictureModels.keys()) ??
    refuseUnknownWord("sampler", request.sampler, samplers) ??
    refuseUnknownWord("scheduler", request.scheduler, schedulers);
  if (refusal) return refusal;
  const seed = decideSeed(request.seed, pictureSeedMax, choices);
  if (!seed.ok) return seed;
  const templates = (model === undefined ? undefined : pictureModels.get(model)) ?? pictureTemplates;
  const variants = templates.map((template) => toVariant(template, request, seed.seed));
  return {
    ok: true,
    plan: {
      kind: request.kind,
      workflow: request.kind,
      version: request.version,
      seed: seed.seed,
      variants,
      media: [],
    },
  };
}
