import type { Tally } from "../check/tally.ts";
import type { Operation } from "../document/operations.ts";
import type { Intent } from "../draw/intent.ts";
import type { Random } from "../random.ts";

export interface Choice {
  readonly operation: Operation;
  readonly intent: Intent;
}

/** An operation that was asked this often in vain is not asked before the others any more. */
const TRIES_MAX = 400;

/** What is sent next: every operation in turn of chance, those that never worked more often and in earnest. */
export function choose(operations: readonly Operation[], tally: Tally, random: Random): Choice {
  const isUnproven = ({ id }: Operation) => {
    const { successes, requests } = tally.outcomesOf(id);
    return successes === 0 && requests < TRIES_MAX;
  };
  const unproven = operations.filter(isUnproven);
  if (unproven.length > 0 && random.chance(0.25)) return { operation: random.pick(unproven), intent: "valid" };
  const picked = random.pick(operations);
  // What is removed as often as it is made is hardly ever there when somebody asks for it.
  const operation = picked.method === "DELETE" && random.chance(0.6) ? random.pick(operations) : picked;
  return { operation, intent: random.chance(0.65) ? "valid" : random.chance(0.75) ? "spoiled" : "garbage" };
}
