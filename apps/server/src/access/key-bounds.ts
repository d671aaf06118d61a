import { scopes as allScopes, type Scope, type TierName } from "@comfy/contracts";
import { AppError } from "../errors.ts";
import type { Caller } from "./caller.ts";
import { lowerTier } from "./stored-keys.ts";

/** What somebody wants a key to be able to do; absent: as much of the usual as the caller has. */
export interface KeyWish {
  readonly scopes?: readonly Scope[] | undefined;
  readonly tier?: TierName | undefined;
  readonly expiresAtMs?: number | undefined;
}

/** What a key will be able to do. */
export interface KeyPowers {
  readonly scopes: readonly Scope[];
  readonly tier: TierName;
  readonly expiresAtMs?: number;
}

/** Enough for a program that makes things. */
const usualScopes: readonly Scope[] = ["generate", "read", "upload"];

const DAY_MS = 86_400_000;
/**
 * A session that was stolen for ten minutes must not become a key for ever: what it makes ends, and what could make or operate more
 * ends sooner.
 */
const BY_SESSION_MS = 180 * DAY_MS;
const POWERFUL_BY_SESSION_MS = 30 * DAY_MS;
const powerful: readonly Scope[] = ["keys", "admin"];

/** The latest that a key of these scopes may end when this caller makes or renews it; undefined: it need not end. */
function latestEnd({ via, expiresAtMs }: Caller, scopes: readonly Scope[], nowMs: number): number | undefined {
  if (via !== "session") return expiresAtMs;
  const isPowerful = scopes.some((scope) => powerful.includes(scope));
  return nowMs + (isPowerful ? POWERFUL_BY_SESSION_MS : BY_SESSION_MS);
}

const refuse = (sentence: string) => new AppError("access_denied", sentence);

/**
 * Holds what is handed on to what the caller has: nobody makes or renews a key that could do more, counts for more or lives longer.
 *
 * @throws AppError `access_denied`
 */
export function assertWithin(caller: Caller, powers: KeyPowers, nowMs: number): void {
  const { scopes, tier, via } = caller;
  const missing = powers.scopes.filter((scope) => !scopes.includes(scope));
  if (missing.length > 0)
    throw refuse(`A key has at most the scopes of whoever makes it: you do not have ${missing.join(", ")}.`);
  if (lowerTier(tier, powers.tier) !== powers.tier)
    throw refuse(`A key has at most the tier of whoever makes it: you are ${tier}, not ${powers.tier}.`);
  const latestMs = latestEnd(caller, powers.scopes, nowMs);
  if (latestMs === undefined || (powers.expiresAtMs ?? Number.POSITIVE_INFINITY) <= latestMs) return;
  const latest = new Date(latestMs).toISOString();
  if (via !== "session")
    throw refuse(`A key ends no later than the key that makes it: expected at the latest ${latest}.`);
  throw refuse(
    `A key that a session makes or renews ends within 180 days, with the scope keys or admin within 30: expected at the latest ${latest}.`,
  );
}

/** Fills in what was not said, and holds it to what the caller has. */
export function toPowers(caller: Caller, wish: KeyWish, nowMs: number): KeyPowers {
  const wanted = wish.scopes ?? usualScopes.filter((scope) => caller.scopes.includes(scope));
  const scopes = allScopes.filter((scope) => wanted.includes(scope));
  if (scopes.length === 0)
    throw refuse("None of the usual scopes is yours to give: say which ones the key is to have.");
  const expiresAtMs = wish.expiresAtMs ?? latestEnd(caller, scopes, nowMs);
  if (expiresAtMs !== undefined && expiresAtMs <= nowMs)
    throw new AppError("invalid_input", "expiresAt: expected a time that is still to come.", {
      details: [{ path: "expiresAt", message: "expected a time that is still to come" }],
    });
  const powers = { scopes, tier: wish.tier ?? caller.tier, ...(expiresAtMs !== undefined && { expiresAtMs }) };
  assertWithin(caller, powers, nowMs);
  return powers;
}
