import { errors, type JWTVerifyOptions, jwtVerify, SignJWT } from "jose";
import type { AccessTokens, SigningKeys, TokenSubject } from "../../access/access-tokens.ts";
import type { Clock } from "../../clock.ts";
import { AppError } from "../../errors.ts";
import { createId, isId } from "../../ids.ts";

export interface AccessTokensOptions {
  readonly keys: SigningKeys;
  readonly clock: Clock;
  /** Names this deployment: tokens of others are refused, also when a key was copied. */
  readonly deploymentId: string;
  readonly ttlMs?: number;
}

const TTL_MS = 10 * 60_000;
const ALGORITHM = "HS256";
/** What RFC 9068 calls an access token: none of our other signed things can be taken for one. */
const TYPE = "at+jwt";
const AUDIENCE = "comfy-api";
// Two processes may have clocks that differ by as much.
const TOLERANCE_SECONDS = 5;
const LENGTH_MAX = 1_024;

/**
 * Access tokens as JWT: HS256 and nothing else, with the key named in `kid`.
 *
 * @example const tokens = createAccessTokens({ keys, clock, deploymentId });
 */
export function createAccessTokens(options: AccessTokensOptions): AccessTokens {
  const { keys, clock, deploymentId, ttlMs = TTL_MS } = options;
  const issuer = `comfy:${deploymentId}`;
  const now = () => Math.floor(clock.nowMs() / 1000);
  const toRules = (): JWTVerifyOptions => ({
    ...{ issuer, audience: AUDIENCE, typ: TYPE, algorithms: [ALGORITHM], clockTolerance: TOLERANCE_SECONDS },
    requiredClaims: ["iss", "aud", "sub", "sid", "iat", "exp"],
    currentDate: new Date(clock.nowMs()),
  });

  return {
    async issue({ userId, sessionId }) {
      const { id, secret } = await keys.current();
      const issuedAt = now();
      const token = await new SignJWT({ sid: sessionId })
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: id })
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setSubject(userId)
        .setJti(createId(clock.nowMs()))
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + ttlMs / 1000)
        .sign(secret);
      return { token, ttlMs };
    },
    async read(token) {
      if (token.length > LENGTH_MAX) throw toInvalid();
      const find = async ({ kid }: { readonly kid?: string }) => {
        const key = kid === undefined ? undefined : await keys.find(kid);
        if (!key) throw toInvalid();
        return key.secret;
      };
      try {
        const { payload } = await jwtVerify(token, find, toRules());
        return toSubject(payload);
      } catch (error) {
        throw translate(error);
      }
    },
  };
}

function toSubject({ sub, sid }: { readonly sub?: string; readonly sid?: unknown }): TokenSubject {
  if (sub === undefined || typeof sid !== "string" || !isId(sub) || !isId(sid)) throw toInvalid();
  return { userId: sub, sessionId: sid };
}

function toInvalid(cause?: unknown): AppError {
  return new AppError("invalid_token", "The access token is none of this service's: log in again.", { cause });
}

/** A database that cannot be reached is not the caller's fault, so what is already an answer stays as it is. */
function translate(error: unknown): unknown {
  if (error instanceof AppError) return error;
  if (error instanceof errors.JWTExpired) {
    const sentence = "The access token has expired: POST /api/v1/auth/refresh gives a new one.";
    return new AppError("token_expired", sentence, { cause: error });
  }
  return error instanceof errors.JOSEError || error instanceof TypeError ? toInvalid(error) : error;
}
