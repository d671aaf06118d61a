import * as z from "zod";
import { toWords } from "./words.ts";

/** As the environment gives it; what seals is made of it. */
export interface MasterKeyConfig {
  readonly id: string;
  readonly key: Uint8Array;
}

const ENTRY = /^([\w-]{1,32}):([A-Za-z0-9+/]{43}=)$/;

const WORDS =
  "expected id:key entries, comma-separated, each key 32 random bytes in base64, e.g. 2026a:$(openssl rand -base64 32); the first one seals";

/** `MASTER_KEYS`. What stands there is a secret: the sentence must not repeat it. */
export const masterKeys = z
  .string()
  .transform(toWords)
  .refine((words) => words.length > 0 && words.every((word) => ENTRY.test(word)), { error: WORDS, abort: true })
  .refine((words) => new Set(words.map((word) => word.split(":")[0])).size === words.length, "gives one id to two keys")
  .transform((words) => words.map(toMasterKey));

function toMasterKey(word: string): MasterKeyConfig {
  const [, id = "", key = ""] = ENTRY.exec(word) ?? [];
  return { id, key: Buffer.from(key, "base64") };
}
