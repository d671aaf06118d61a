import { createHash } from "node:crypto";
import { toJson } from "./write-values.ts";

type Metadata = Readonly<Record<string, unknown>>;

/** One hash for each pair, so that jobs are found by pairs of any size and with any characters. Null: none, and no entry in the index. */
export function toMetadataPairs(metadata: Metadata | undefined): string[] | null {
  const pairs = Object.entries(metadata ?? {});
  return pairs.length === 0 ? null : pairs.map(toHash);
}

function toHash(pair: readonly [string, unknown]): string {
  return createHash("sha256").update(toJson(pair)).digest("hex").slice(0, 32);
}
