import type { ProcessKind } from "../evidence/records.ts";
import type { Random } from "../random.ts";

/** What a job can be doing when something is struck, in the words of the histogram. */
export const aimedStates = ["pending", "running", "collecting", "cancelling", "just sent"] as const;
export type AimedState = (typeof aimedStates)[number];

/** Mostly the state that was hit least so far: the rare ones need aiming, the others come by themselves. */
export function chooseAim(hits: ReadonlyMap<string, number>, random: Random): AimedState {
  if (random.chance(0.3)) return random.pick(aimedStates);
  const least = aimedStates.toSorted((left, right) => (hits.get(left) ?? 0) - (hits.get(right) ?? 0));
  return least[0] ?? "running";
}

/** Whom to strike so that it hurts a job in that state, mostly: who holds it, and what the holder needs. */
export function takersOf(state: AimedState, random: Random): readonly ProcessKind[] | undefined {
  // Now and then anybody: the receiver, and whatever nobody thought of.
  if (random.chance(0.25)) return undefined;
  const holders = ["server", "worker"] as const;
  switch (state) {
    case "pending":
      return ["server", "http", "redis", "postgres"];
    case "running":
      return [...holders, "emulator", "postgres"];
    case "collecting":
    case "just sent":
      return [...holders, "emulator", "postgres"];
    case "cancelling":
      return [...holders, "http", "redis", "emulator"];
  }
}
