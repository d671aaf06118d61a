import { type PlanChoices, type PlanRefusal, refuseField } from "./plan.ts";

export type SeedOutcome = { readonly ok: true; readonly seed: number } | PlanRefusal;

/** The seed a job runs with: the caller's, or a random one for `-1` and nothing. Refused above `max`, which is the sampler's limit. */
export function decideSeed(asked: number | undefined, max: number, choices: PlanChoices): SeedOutcome {
  if (asked === undefined || asked === -1) {
    const seed = choices.randomSeed(max);
    if (Number.isSafeInteger(seed) && seed >= 0 && seed <= max) return { ok: true, seed };
    throw new RangeError(`randomSeed(${max}) gave ${seed}: expected an integer from 0 to ${max}.`);
  }
  if (Number.isSafeInteger(asked) && asked >= 0 && asked <= max) return { ok: true, seed: asked };
  return refuseField("seed", `seed is ${asked}: expected an integer from 0 to ${max}, or -1 for a random one.`);
}
