import * as z from "zod";

/** Header names of the service, lower-case as HTTP/2 carries them. */
export const headerNames = {
  apiKey: "x-api-key",
  timestamp: "x-timestamp",
  signature: "x-signature",
  signatureVersion: "x-signature-version",
  nonce: "x-nonce",
  contentSha256: "x-content-sha256",
  requestId: "x-request-id",
  idempotencyKey: "idempotency-key",
  idempotencyReplayed: "idempotency-replayed",
  rateLimitLimit: "x-ratelimit-limit",
  rateLimitRemaining: "x-ratelimit-remaining",
  rateLimitReset: "x-ratelimit-reset",
  rateLimit: "ratelimit",
  rateLimitPolicy: "ratelimit-policy",
  retryAfter: "retry-after",
  lastEventId: "last-event-id",
} as const;

/**
 * A key that makes a POST safe to repeat: the same key with the same body finds the same job instead of making another one.
 * Quoted (as the IETF draft has it) or bare.
 */
export const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, "expected 1 to 255 visible ASCII characters")
  .optional()
  .describe(
    "Makes the POST safe to repeat: the same key and body find the same job, another body is 422. Kept for 24 hours; echoed in the answer.",
  );

// The record form: header names of a `z.object` lose their types in ts-rest 3.53.
export const writeHeaders = { [headerNames.idempotencyKey]: idempotencyKey } as const;
