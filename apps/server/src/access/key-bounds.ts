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

const refuse = (sentence: string) => new AppError("access_denied", sentence);

/**
 * Holds what is handed on to what the caller has: nobody makes or renews a key that could do more, counts for more or lives longer.
 *
 * @throws AppError `access_denied`
 */
export function assertWithin({ scopes, tier, expiresAtMs }: Caller, powers: KeyPowers): void {
  const missing = powers.scopes.filter((scope) => !scopes.includes(scope));
  if (missing.length > 0)
    throw refuse(`A key has at most the scopes of whoever makes it: you do not have ${missing.join(", ")}.`);
  if (lowerTier(tier, powers.tier) !== powers.tier)
    throw refuse(`A key has at most the tier of whoever makes it: you are ${tier}, not ${powers.tier}.`);
  if (expiresAtMs !== undefined && (powers.expiresAtMs ?? Number.POSITIVE_INFINITY) > expiresAtMs)
    throw refuse(
      `A key ends no later than the key that makes it: expected at the latest ${new Date(expiresAtMs).toISOString()}.`,
    );
}

/** Fills in what was not said, and holds it to what the caller has. */
export function toPowers(caller: Caller, wish: KeyWish, nowMs: number): KeyPowers {
  const wanted = wish.scopes ?? usualScopes.filter((scope) => caller.scopes.includes(scope));
  const scopes = allScopes.filter((scope) => wanted.includes(scope));
  if (scopes.length === 0)
    throw refuse("None of the usual scopes is yours to give: say which ones the key is to have.");
  const expiresAtMs = wish.expiresAtMs ?? caller.expiresAtMs;
  if (expiresAtMs !== undefined && expiresAtMs <= nowMs)
    throw new AppError("invalid_input", "expiresAt: expected a time that is still to come.", {
      details: [{ path: "expiresAt", message: "expected a time that is still to come" }],
    });
  const powers = { scopes, tier: wish.tier ?? caller.tier, ...(expiresAtMs !== undefined && { expiresAtMs }) };
  assertWithin(caller, powers);
  return powers;
}
