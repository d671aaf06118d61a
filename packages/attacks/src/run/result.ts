import type { AttackCase } from "../attack.ts";

/** What came of a case with its defence on or off; `error` when the attack could not be carried out, or a defence was not found. */
export interface CaseResult {
  readonly name: string;
  readonly group: string;
  readonly defences: "on" | "off";
  readonly outcome: "refused" | "succeeded" | "error";
  readonly evidence: string;
  readonly durationMs: number;
}

/** With its defence on an attack is refused, with it off it succeeds; anything else is a hole, or a case that proves nothing. */
export const isGood = ({ defences, outcome }: CaseResult): boolean =>
  outcome === (defences === "on" ? "refused" : "succeeded");

const EVIDENCE_LENGTH_MAX = 400;

/** Carries one case out; never rejects. */
export async function settle(
  { name, group }: AttackCase,
  defences: "on" | "off",
  work: () => Promise<Pick<CaseResult, "outcome" | "evidence">>,
): Promise<CaseResult> {
  const startedMs = performance.now();
  const toResult = (outcome: CaseResult["outcome"], evidence: string): CaseResult => ({
    ...{ name, group, defences, outcome },
    evidence: evidence.slice(0, EVIDENCE_LENGTH_MAX),
    durationMs: Math.round(performance.now() - startedMs),
  });
  try {
    const { outcome, evidence } = await work();
    return toResult(outcome, evidence);
  } catch (error) {
    return toResult("error", error instanceof Error ? error.message : String(error));
  }
}
