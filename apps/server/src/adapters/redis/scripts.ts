import { createHash } from "node:crypto";
import type { ScriptRunner } from "../../access/rate-limiter-script.ts";
import type { RedisServer } from "./connect.ts";

/** Whoever asks first may be early: the connection is waited for so long. */
const FIRST_CONNECTION_MS = 1_000;
/** What only Upstash knows; Redis 7 answers it with "Unexpected flag in script shebang", and Redis 6 knows no such line. */
const SHEBANG = /^#!lua[^\n]*/;

export interface RedisScripts extends ScriptRunner {
  /** Rejects when Redis does not answer. */
  check(): Promise<void>;
}

const toSha1 = (text: string): string => createHash("sha1").update(text).digest("hex");

/**
 * Scripts that were written for Upstash, on a plain Redis: their first line is left out, and they are known by the SHA-1 that they had
 * with it.
 *
 * @example const scripts = createRedisScripts({ redis: createRedis({ url: "redis://127.0.0.1:6379", log }), name: "limits" });
 */
export function createRedisScripts(options: { readonly redis: RedisServer; readonly name: string }): RedisScripts {
  const client = options.redis.connect(options.name, "ask");
  const plain = new Map<string, string>();

  return {
    async evalsha(sha1, keys, args) {
      const known = plain.get(sha1);
      // The store was never told what this stands for: no need to ask it.
      if (known === undefined) throw new Error("NOSCRIPT No matching script.");
      return client.evalsha(known, keys.length, ...keys, ...args);
    },
    async eval(source, keys, args) {
      // An empty line stays, so that the line numbers of errors are those of the script.
      const text = source.replace(SHEBANG, "");
      const answer = await client.eval(text, keys.length, ...keys, ...args.map(String));
      plain.set(toSha1(source), toSha1(text));
      return answer;
    },
    async check() {
      if (client.status !== "ready") await untilReady(client);
      await client.ping();
    },
  };
}

/** Resolves early when the connection comes up, and anyway after a while: what is asked then says what is wrong. */
function untilReady(client: ReturnType<RedisServer["connect"]>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, FIRST_CONNECTION_MS);
  client.once("ready", resolve);
  return promise.finally(() => {
    clearTimeout(timer);
    client.off("ready", resolve);
  });
}
