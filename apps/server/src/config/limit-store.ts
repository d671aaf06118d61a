import * as z from "zod";

/** Where requests are counted against their limits. */
export type LimitStoreConfig =
  | { readonly type: "upstash"; readonly url: string; readonly token: string }
  | { readonly type: "redis"; readonly url: string }
  | { readonly type: "memory" };

/** The variables of Upstash, by the names its own console gives out. */
export const limitStore = {
  UPSTASH_REDIS_REST_URL: z
    .url({ protocol: /^https?$/, error: "expected an address, e.g. https://eu1-calm-bird-12345.upstash.io" })
    .optional(),
  UPSTASH_REDIS_REST_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]+$/, "expected the token of the database, without spaces")
    .optional(),
};

export interface LimitStoreEnvironment {
  readonly UPSTASH_REDIS_REST_URL?: string | undefined;
  readonly UPSTASH_REDIS_REST_TOKEN?: string | undefined;
  readonly REDIS_URL?: string | undefined;
}

/** Upstash where it is set, else Redis, else each process for itself. */
export function toLimitStore(env: LimitStoreEnvironment): LimitStoreConfig {
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token, REDIS_URL: redisUrl } = env;
  if (url !== undefined && token !== undefined) return { type: "upstash", url, token };
  return redisUrl === undefined ? { type: "memory" } : { type: "redis", url: redisUrl };
}

/** Half of Upstash's two variables, as a sentence: to count elsewhere in silence would surprise. */
export function findLimitStoreFaults(env: LimitStoreEnvironment): string[] {
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = env;
  if ((url === undefined) === (token === undefined)) return [];
  const [set, missing] =
    url === undefined
      ? ["UPSTASH_REDIS_REST_TOKEN", "UPSTASH_REDIS_REST_URL"]
      : ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"];
  return [`${missing}: is missing, but ${set} is set; limits are counted on Upstash only with both.`];
}
