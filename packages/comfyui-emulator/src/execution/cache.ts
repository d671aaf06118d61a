import type { NodeValue } from "../node.ts";

/** What a UI-making node left: shown again, with the old file names, whenever its result is reused. */
export interface UiResult {
  /** The ids of the run that made it. */
  readonly meta: Readonly<Record<string, string | null>>;
  readonly output: Readonly<Record<string, readonly unknown[]>>;
}

export interface CachedResult {
  readonly outputs: readonly NodeValue[];
  readonly ui: UiResult | undefined;
  /** UI results of nodes that it expanded to, by their ids. */
  readonly children: ReadonlyMap<string, UiResult>;
}

/** How many older results survive. `classic`: those of the last graph; a number: that many prompts; `none`. */
export type CachePolicy = "classic" | "none" | { readonly lru: number };

export interface ResultCache {
  get(key: string): CachedResult | undefined;
  set(key: string, result: CachedResult): void;
  /** Called before each run with the keys of its graph; drops what the policy does not keep. */
  enter(keys: ReadonlySet<string>): void;
  clear(): void;
}

export function createResultCache(policy: CachePolicy): ResultCache {
  const results = new Map<string, CachedResult>();
  const generations: ReadonlySet<string>[] = [];
  const kept = policy === "classic" ? 1 : policy === "none" ? 0 : policy.lru;
  return {
    get: (key) => results.get(key),
    set: (key, result) => void results.set(key, result),
    enter(keys) {
      generations.push(keys);
      if (generations.length > Math.max(1, kept)) generations.shift();
      const isKept = (key: string): boolean => kept > 0 && generations.some((generation) => generation.has(key));
      for (const key of results.keys()) if (!isKept(key)) results.delete(key);
    },
    clear() {
      results.clear();
      generations.length = 0;
    },
  };
}
