import { hash } from "node:crypto";
import { type ErrorCode, headerNames } from "@comfy/contracts";
import {
  isWithinWindow,
  parseSignatureHeaders,
  SIGNATURE_WINDOW_MS,
  type SignatureHeaders,
  type SignatureHeadersProblem,
  type VerifySignatureOutcome,
} from "@comfy/signing";
import { AppError } from "../errors.ts";
import { type BodyProof, watchBytes, watchDigest } from "./body-proof.ts";
import type { PendingSignature } from "./caller.ts";
import type { ApiKey } from "./key-ring.ts";
import { readHeader, type SignedRequest } from "./signed-request.ts";
import { verifySignatureNow } from "./verify-signature.ts";

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

type Refused = Extract<VerifySignatureOutcome, { ok: false }>;

/** A request whose body may be still to come. */
type Unread = Omit<SignedRequest, "body"> & Partial<Pick<SignedRequest, "body">>;

const sentences: Readonly<Record<Refused["reason"], string>> = {
  badSignature: "Invalid signature",
  signedTheWordUndefined:
    'Invalid signature: the word "undefined" was signed where there is no body. Sign "<timestamp>:" with nothing after the colon.',
  digestMismatch: "Invalid signature: X-Content-SHA256 is not the SHA-256 of the body that arrived",
};

const headersThatSign = [
  headerNames.apiKey,
  headerNames.timestamp,
  headerNames.signature,
  headerNames.signatureVersion,
  headerNames.nonce,
  headerNames.contentSha256,
];

function assertPlainBytes(request: Omit<SignedRequest, "body">): void {
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

/** While a secret is being replaced there are two; what is told of a refusal is what the newest one finds. */
function verify(headers: SignatureHeaders, { method, target, body }: Unread, secrets: readonly string[]) {
  let refused: Refused | undefined;
  for (const secret of secrets) {
    const outcome = verifySignatureNow({ ...headers, secret, method, target, body });
    if (outcome.ok) return undefined;
    refused ??= outcome;
  }
  return refused ?? { ok: false as const, reason: "badSignature" as const };
}

/** Well-formed, and made within the window; nothing is proven by that. */
function readSignature(request: Omit<SignedRequest, "body">, nowMs: number): SignatureHeaders {
  // A handful of headers, each looked for once.
  const parsed = parseSignatureHeaders(
    Object.fromEntries(headersThatSign.map((name) => [name, request.headers[name]] as const)),
  );
  if (!parsed.ok) throw new AppError(problemCodes[parsed.reason], parsed.message);
  assertPlainBytes(request);
  assertFresh(parsed.headers.timestamp, nowMs);
  return parsed.headers;
}

/** Insists on a valid signature of the key, made within the window. The sentences of version 1 are kept to the letter: callers match on them. */
export function checkSignature(request: SignedRequest, key: ApiKey, nowMs: number): SignatureHeaders {
  const headers = readSignature(request, nowMs);
  const refused = verify(headers, request, key.secrets);
  if (refused) throw new AppError("invalid_signature", sentences[refused.reason]);
  return headers;
}

/** The same for a body that is still to come: what can be known is checked now, the rest when it has passed by. */
export function openSignature(request: Omit<SignedRequest, "body">, key: ApiKey, nowMs: number) {
  const headers = readSignature(request, nowMs);
  const isCallerProven = headers.version === 2;
  const refused = isCallerProven ? verify(headers, request, key.secrets) : undefined;
  if (refused) throw new AppError("invalid_signature", sentences[refused.reason]);
  const watch = headers.version === 2 ? watchDigest(headers.bodySha256) : watchBytes(headers, key.secrets);
  const proof: BodyProof = {
    isCallerProven,
    update: watch.update,
    assertGenuine() {
      const found = watch.find();
      if (found !== "genuine") throw new AppError("invalid_signature", sentences[found]);
    },
  };
  return { headers, proof };
}

/**
 * What must be spent of a signature. Nothing of one by version 2 for a read: it opens that one read and nothing else, and whoever could
 * repeat it has seen the answer. Version 1 covers neither method nor path, so it is spent wherever it was used.
 */
export function toPendingSignature(
  { method }: Pick<SignedRequest, "method">,
  { version, signature, timestamp }: SignatureHeaders,
  { isReplayGuarded }: ApiKey,
): PendingSignature | undefined {
  if (!isReplayGuarded || (version === 2 && isRead(method))) return undefined;
  return { hash: hash("sha256", signature, "hex"), expiresAtMs: Number(timestamp) + SIGNATURE_WINDOW_MS };
}

/** Whether a request changes nothing. */
export const isRead = (method: string): boolean => method === "GET" || method === "HEAD";
