import { type LipsyncInput, lipsyncSeedMax } from "@comfy/contracts";
import type { PlanChoices, PlanOutcome } from "../src/plan.ts";
import { decideSeed } from "../src/seed.ts";
import { sonic } from "./template.ts";

export const lipsyncVersion = 1;

/** A face speaking the given audio. */
export function planLipsync(input: LipsyncInput, choices: PlanChoices): PlanOutcome {
  const seed = decideSeed(input.seed, lipsyncSeedMax, choices);
  if (!seed.ok) return seed;
  return {
    ok: true,
    plan: {
      kind: "lipsync",
      workflow: "lipsync",
      version: lipsyncVersion,
      seed: seed.seed,
      variants: [{ id: sonic.id, model: sonic.model, values: { seed: seed.seed, duration: lipsyncSecondsMax } }],
      media: [
        { name: "portrait_image", accepts: "image", reference: { from: "caller", text: input.portrait_image } },
        { name: "audio", accepts: "audio", reference: { from: "caller", text: input.audio } },
      ],
    },
  };
}

/**
 * The longest video, in seconds. Sonic renders the shorter of this and the audio, so longer speech is cut here. Every frame is held in
 * memory until the end: 25 a second at about 3 MB each make some 5 GB for a minute.
 */
export const lipsyncSecondsMax = 60;
