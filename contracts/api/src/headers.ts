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
