import { createHash } from "node:crypto";

/** The keys that a case plays with. */
export interface CaseKeys {
  /** Somebody with something to lose. */
  readonly victim: string;
  /** Somebody else with a key of the same tier. */
  readonly thief: string;
  /** Of the smallest tier. */
  readonly poor: string;
  /** As they stand in `COMFYUI_API_KEYS`. */
  readonly entries: readonly string[];
  /** Where its requests come from. */
  readonly ip: string;
}

export const OPERATOR_KEY = "enterprise_operator_of_the_service";
export const operatorEntry = `operator:${OPERATOR_KEY}`;

/** Owners of its own for each case: what one attack spends or leaves behind is no other's. */
export function keysOf(name: string): CaseKeys {
  const digest = createHash("sha256").update(name).digest();
  const id = digest.toString("hex", 0, 8);
  const keys = { victim: `enterprise_victim_${id}`, thief: `enterprise_thief_${id}`, poor: `free_poor_${id}` };
  const entries = Object.entries(keys).map(([role, key]) => `${role}-${id}:${key}`);
  return { ...keys, entries, ip: `10.${digest[8]}.${digest[9]}.${digest[10]}` };
}
