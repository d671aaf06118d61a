import type { Edit } from "./edit.ts";
import type { Target } from "./target/target.ts";

/** What came of an attack, by what was seen from outside. */
export interface Verdict {
  readonly outcome: "refused" | "succeeded";
  /** What was seen. */
  readonly evidence: string;
}

/** What a case needs beside the service that all share; a case with any of it gets a process of its own. */
export interface StageWishes {
  readonly environment?: Readonly<Record<string, string>>;
  /** Edits that stand in both runs: they arrange the scene (a shorter wait, a part that breaks), and weaken nothing. */
  readonly scenery?: readonly Edit[];
  /** It restarts the service, or would get in the way of others. */
  readonly isAlone?: true;
}

export interface AttackCase {
  readonly name: string;
  readonly group: string;
  readonly attack: (target: Target) => Promise<Verdict>;
  /** What refuses it. Several edits where one defence stands in several places: they are switched off together. */
  readonly defence: Edit | readonly Edit[];
  readonly stage?: StageWishes;
}

/** The cases of a group, each with its name. */
export function inGroup(group: string, cases: readonly Omit<AttackCase, "group">[]): readonly AttackCase[] {
  return cases.map((each) => ({ ...each, group }));
}

export const defencesOf = ({ defence }: AttackCase): readonly Edit[] => ("file" in defence ? [defence] : defence);
