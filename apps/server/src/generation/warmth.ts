import type { Candidate } from "./survey.ts";

/** Which models backends have loaded, as far as what they rendered last tells. Loading one takes longer than most renders. */
export interface Warmth {
  note(backendId: string, variantId: string): void;
  /**
   * Best first: one that rendered the same last, then one that would push nothing out, then the least busy. Who takes the first that has
   * room thus leaves a warm one that is busy for a cold one that is idle.
   */
  rank(candidates: readonly Candidate[], heldOf: (backendId: string) => number): readonly Candidate[];
}

const ranks = { warm: 0, empty: 1, cold: 2 };

export function createWarmth(): Warmth {
  const last = new Map<string, string>();

  function rankOf({ backend, variantId }: Candidate): number {
    const loaded = last.get(backend.id);
    if (loaded === undefined) return ranks.empty;
    return loaded === variantId ? ranks.warm : ranks.cold;
  }

  return {
    note: (backendId, variantId) => void last.set(backendId, variantId),
    rank: (candidates, heldOf) =>
      candidates.toSorted(
        (left, right) => rankOf(left) - rankOf(right) || heldOf(left.backend.id) - heldOf(right.backend.id),
      ),
  };
}
