import { createHash } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { LimitWindow, RateLimiter, Spent, WindowState } from "./rate-limiter.ts";
import { byExhaustion } from "./rate-limiter.ts";

/** Runs Lua where the counters are, by the SHA-1 of a script that was sent before (else an error that says NOSCRIPT), or by its text. */
export interface ScriptRunner {
  evalsha(sha1: string, keys: string[], args: string[]): Promise<unknown>;
  eval(source: string, keys: string[], args: string[]): Promise<unknown>;
}

/**
 * Each key is a list of the times of the requests that were let in, oldest first. All windows are looked at before one is written to.
 * The first line lets Upstash run it for several owners at once; plain Redis does not know that line and gets the rest.
 *
 * ARGV: the time in ms (empty: the server's own), then limit and length in ms of each window.
 * Answer: 1 or 0, the time, then of each window how many count and the time of the one that blocks.
 */
const SOURCE = `#!lua flags=allow-key-locking
local now = tonumber(ARGV[1])
if now == nil then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local at = function(key, index) return tonumber(redis.call('LINDEX', key, index)) end
for n = 1, #KEYS do
  local newest = at(KEYS[n], -1)
  if newest ~= nil and newest > now then
    -- The clock was set back, or is another one's: the later time holds, unless that would block for longer than the window.
    if newest - now > tonumber(ARGV[2 * n + 1]) then redis.call('DEL', KEYS[n]) else now = newest end
  end
end
local answer = { 1, now }
for n = 1, #KEYS do
  local key, window = KEYS[n], tonumber(ARGV[2 * n + 1])
  local count = redis.call('LLEN', key)
  if count > 0 and at(key, 0) <= now - window then
    -- Mostly a few at the head are old: the longer the list, the dearer is what lies in its middle.
    local low, high = 1, 1
    while high < count and at(key, high) <= now - window do low, high = high + 1, high * 2 end
    high = math.min(high, count)
    while low < high do
      local middle = math.floor((low + high) / 2)
      if at(key, middle) <= now - window then low = middle + 1 else high = middle end
    end
    redis.call('LTRIM', key, low, -1)
    count = count - low
  end
  if count >= tonumber(ARGV[2 * n]) then answer[1] = 0 end
  answer[2 * n + 1] = count
end
for n = 1, #KEYS do
  local key, limit, window, count = KEYS[n], tonumber(ARGV[2 * n]), tonumber(ARGV[2 * n + 1]), answer[2 * n + 1]
  if answer[1] == 1 then
    redis.call('RPUSH', key, string.format('%.0f', now))
    redis.call('PEXPIRE', key, window + 1000)
    count = count + 1
    answer[2 * n + 1] = count
  end
  answer[2 * n + 2] = at(key, math.max(0, count - limit)) or now
end
return answer`;

const SHA1 = createHash("sha1").update(SOURCE).digest("hex");

export interface ScriptRateLimiterOptions {
  readonly scripts: ScriptRunner;
  /** In front of every key; keeps deployments on one store apart. */
  readonly prefix: string;
  readonly clock: Pick<Clock, "nowMs">;
  /** Whose time counts. The store's own is the same for all processes; where a script must not ask for it, the processes' is. */
  readonly time: "store" | "process";
}

/** Exact sliding windows that all processes share: one round trip, in which a request is counted in all windows or in none. */
export function createScriptRateLimiter({ scripts, prefix, clock, time }: ScriptRateLimiterOptions): RateLimiter {
  async function run(keys: string[], args: string[]): Promise<unknown> {
    try {
      return await scripts.evalsha(SHA1, keys, args);
    } catch (error) {
      // A store that was started anew has forgotten the script.
      if (!String(error).includes("NOSCRIPT")) throw error;
      return scripts.eval(SOURCE, keys, args);
    }
  }

  return {
    async spend(subject, windows) {
      const nowMs = clock.nowMs();
      const keys = windows.map(({ name, windowMs }) => `${prefix}:{${toTag(subject)}}:${name}:${windowMs}`);
      const args = windows.flatMap(({ limit, windowMs }) => [String(limit), String(windowMs)]);
      const answer = await run(keys, [time === "process" ? String(Math.floor(nowMs)) : "", ...args]);
      return toSpent(parseAnswer(answer, windows), windows, nowMs);
    },
  };
}

/** A hash tag, so that a cluster keeps the windows of a subject together, ends at the first brace. */
const toTag = (subject: string): string => subject.replace(/[%{}]/g, (char) => encodeURIComponent(char));

function parseAnswer(answer: unknown, windows: readonly LimitWindow[]): readonly number[] {
  const isRight =
    Array.isArray(answer) &&
    answer.length === 2 + 2 * windows.length &&
    answer.every((part) => typeof part === "number" && Number.isSafeInteger(part));
  if (!isRight) throw new Error("The store of the limits answered with something else than counts.");
  return answer;
}

function toSpent(answer: readonly number[], windows: readonly LimitWindow[], nowMs: number): Spent {
  const [isAllowed, storeMs = 0] = answer;
  const states = windows.map((window, index): WindowState => {
    const [count = 0, blockingMs = 0] = answer.slice(2 + 2 * index);
    return {
      ...window,
      remaining: Math.max(0, window.limit - count),
      // The store's clock may be another one; what is left of the window is the same on both.
      resetAtMs: nowMs + blockingMs - storeMs + window.windowMs,
    };
  });
  return { isAllowed: isAllowed === 1, windows: states.toSorted(byExhaustion) };
}
