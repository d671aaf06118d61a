import { createHash } from "node:crypto";
import { type ErrorCode, headerNames, type TierLimits, type TierName, tiers } from "@comfy/contracts";
import {
  isWithinWindow,
  parseSignatureHeaders,
  SIGNATURE_WINDOW_MS,
  type SignatureHeaders,
  type SignatureHeadersProblem,
  type VerifySignatureOutcome,
  verifySignature,
} from "@comfy/signing";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Authenticated, Caller } from "./caller.ts";
import type { ApiKey, KeyRing } from "./key-ring.ts";

/** What a caller sent, before anything of it is believed. */
export interface SignedRequest {
  readonly method: string;
  /** The raw request target with the public prefix: version 2 signs it. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The very bytes that arrived. */
  readonly body: Uint8Array;
}

export interface Authenticate {
  /** Insists on a valid signature. The caller of this function spends it. */
  bySignature(request: SignedRequest): Promise<Authenticated & Required<Pick<Authenticated, "signature">>>;
  /** The key alone suffices; a signature is checked when there is one. Nothing is left to spend: reads may be repeated. */
  byKey(request: SignedRequest): Promise<Authenticated>;
}

export interface AuthenticateOptions {
  readonly keys: KeyRing;
  readonly clock: Clock;
  readonly limits?: Readonly<Record<TierName, TierLimits>>;
}

const problemCodes: Readonly<Record<SignatureHeadersProblem, ErrorCode>> = {
  missing_api_key: "missing_api_key",
  missing_timestamp: "missing_timestamp",
  bad_timestamp: "invalid_timestamp",
  missing_signature: "missing_signature",
  malformed_signature: "invalid_signature",
  unknown_version: "unsupported_signature_version",
  missing_nonce: "missing_nonce",
  malformed_nonce: "invalid_signature",
  missing_content_sha256: "missing_content_sha256",
  malformed_content_sha256: "invalid_signature",
};

const signatureSentences: Readonly<Record<Extract<VerifySignatureOutcome, { ok: false }>["reason"], string>> = {
  badSignature: "Invalid signature",
  signedTheWordUndefined:
    'Invalid signature: the word "undefined" was signed where there is no body. Sign "<timestamp>:" with nothing after the colon.',
  digestMismatch: "Invalid signature: X-Content-SHA256 is not the SHA-256 of the body that arrived",
};

/** A header as HTTP joins it: one that was sent twice holds a comma and matches nothing. */
function readHeader(request: SignedRequest, name: string): string {
  const value = request.headers[name];
  return (typeof value === "string" ? value : (value?.join(", ") ?? "")).trim();
}

function assertPlainBytes(request: SignedRequest): void {
  const encoding = readHeader(request, "content-encoding").toLowerCase();
  if (encoding === "" || encoding === "identity") return;
  // Whoever unpacks the bytes on the way would break the signature, and a small body could unpack into a huge one.
  throw new AppError(
    "unsupported_media_type",
    "Signed bodies are sent as they are: expected no Content-Encoding header.",
  );
}

function assertFresh(timestamp: string, nowMs: number): void {
  if (isWithinWindow(timestamp, nowMs)) return;
  const details = { serverTimeMs: nowMs, windowMs: SIGNATURE_WINDOW_MS };
  throw new AppError("signature_expired", "Request expired (timestamp too old or future)", { details });
}

/**
 * Proves who is calling. The sentences of the first version are kept to the letter: callers match on them.
 *
 * @example const { caller, signature } = await authenticate.bySignature({ method, target, headers, body });
 */
export function createAuthenticate({ keys, clock, limits = tiers }: AuthenticateOptions): Authenticate {
  async function findKey(request: SignedRequest): Promise<ApiKey> {
    const text = readHeader(request, headerNames.apiKey);
    if (!text) throw new AppError("missing_api_key", "Missing X-API-Key header");
    const key = await keys.find(text);
    if (!key) throw new AppError("invalid_api_key", "Invalid API key");
    return key;
  }

  const toCaller = (key: ApiKey): Caller => ({
    ownerId: key.ownerId,
    keyId: key.id,
    tier: key.tier,
    limits: { ...limits[key.tier], ...key.limits },
    ...(key.scopes && { scopes: key.scopes }),
  });

  async function verify(request: SignedRequest, key: ApiKey): Promise<SignatureHeaders> {
    const parsed = parseSignatureHeaders(request.headers);
    if (!parsed.ok) throw new AppError(problemCodes[parsed.reason], parsed.message);
    assertPlainBytes(request);
    assertFresh(parsed.headers.timestamp, clock.nowMs());
    const { method, target, body } = request;
    const outcome = await verifySignature({ ...parsed.headers, secret: key.secret, method, target, body });
    if (!outcome.ok) throw new AppError("invalid_signature", signatureSentences[outcome.reason]);
    return parsed.headers;
  }

  return {
    async bySignature(request) {
      const key = await findKey(request);
      const { signature, timestamp } = await verify(request, key);
      const hash = createHash("sha256").update(signature).digest("hex");
      return { caller: toCaller(key), signature: { hash, expiresAtMs: Number(timestamp) + SIGNATURE_WINDOW_MS } };
    },

    async byKey(request) {
      const key = await findKey(request);
      if (readHeader(request, headerNames.signature)) await verify(request, key);
      return { caller: toCaller(key) };
    },
  };
}
