import type { Verdict } from "./attack.ts";
import type { Answer } from "./target/send.ts";

export const refused = (evidence: string): Verdict => ({ outcome: "refused", evidence });
export const succeeded = (evidence: string): Verdict => ({ outcome: "succeeded", evidence });

/** A variant of an attack and what was answered to it. */
export type Try = readonly [what: string, answer: Answer];

const SHOWN_LENGTH_MAX = 90;

const toShown = ([what, { status, text }]: Try): string =>
  `${what}: ${status}${text ? ` ${text.slice(0, SHOWN_LENGTH_MAX).replaceAll(/\s+/g, " ")}` : ""}`;

/**
 * Whether any variant came through.
 * @param refusals the statuses that count as a refusal; any other one that is no success is nothing to build on
 * @throws Error when an answer is neither: the attack did not reach what it is about
 */
export function judge(tries: readonly Try[], refusals: readonly number[]): Verdict {
  const through = tries.filter(([, { status }]) => status >= 200 && status < 300);
  if (through.length > 0) return succeeded(through.map(toShown).join("; "));
  const unclear = tries.filter(([, { status }]) => !refusals.includes(status));
  if (unclear.length > 0) throw new Error(`Expected ${refusals.join(" or ")}, got ${unclear.map(toShown).join("; ")}`);
  return refused(tries.map(toShown).join("; "));
}

/** As {@link judge}, where an answer of 5xx shows that the attack broke something. */
export function judgeBreaking(tries: readonly Try[], refusals: readonly number[]): Verdict {
  const broken = tries.filter(([, { status }]) => status >= 500);
  return broken.length > 0 ? succeeded(broken.map(toShown).join("; ")) : judge(tries, refusals);
}
