import { Redis } from "@upstash/redis";
import type { ScriptRunner } from "../../access/rate-limiter-script.ts";
import { toStoreError } from "./to-store-error.ts";

/** A request that hangs is cut off by then, whoever still waits for it. */
const REQUEST_TIMEOUT_MS = 2_000;

export interface UpstashOptions {
  /** `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN`. */
  readonly url: string;
  readonly token: string;
}

export interface UpstashScripts extends ScriptRunner {
  /** Rejects when Upstash does not answer, or not to this token. */
  check(): Promise<void>;
}

/**
 * Scripts over the REST interface of Upstash. What is asked in one turn of the event loop is one HTTP request. Errors are sentences of our
 * own: those of the library repeat the whole command.
 *
 * @example const scripts = createUpstashScripts({ url: "https://x.upstash.io", token });
 */
export function createUpstashScripts({ url, token }: UpstashOptions): UpstashScripts {
  const redis = new Redis({
    url,
    token,
    enableTelemetry: false,
    enableAutoPipelining: true,
    // What is said again after a lost answer would be counted twice; `false` would still try twice.
    retry: { retries: 0 },
    signal: () => AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    // Answers are numbers; nothing in them is to be read as JSON.
    automaticDeserialization: false,
    responseEncoding: false,
  });
  const told = <Answer>(work: Promise<Answer>): Promise<Answer> =>
    work.catch((error: unknown) => {
      throw toStoreError(error);
    });

  return {
    evalsha: (sha1, keys, args) => told(redis.evalsha(sha1, keys, args)),
    eval: (source, keys, args) => told(redis.eval(source, keys, args)),
    check: () => told(redis.ping()).then(() => undefined),
  };
}
