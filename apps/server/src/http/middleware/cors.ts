import { headerNames } from "@comfy/contracts";
import type { RequestHandler } from "express";

const ALLOWED_HEADERS = [
  "content-type",
  "authorization",
  headerNames.apiKey,
  headerNames.timestamp,
  headerNames.signature,
  headerNames.signatureVersion,
  headerNames.nonce,
  headerNames.contentSha256,
  headerNames.idempotencyKey,
  headerNames.lastEventId,
  headerNames.requestId,
].join(", ");

const EXPOSED_HEADERS = [
  "date",
  headerNames.requestId,
  headerNames.idempotencyKey,
  headerNames.idempotencyReplayed,
  headerNames.rateLimitLimit,
  headerNames.rateLimitRemaining,
  headerNames.rateLimitReset,
  headerNames.rateLimit,
  headerNames.rateLimitPolicy,
  headerNames.retryAfter,
  "location",
  "etag",
  "content-range",
].join(", ");

/** Lets pages of the listed origins call. Off while the list is empty: then a browser keeps other sites' pages out. */
export function createCors(origins: readonly string[]): RequestHandler {
  return function allowOrigin(req, res, next) {
    if (origins.length === 0) return next();
    res.vary("Origin");
    const origin = req.get("origin");
    if (origin === undefined || !origins.includes(origin)) return next();
    res.setHeader("Access-Control-Allow-Origin", origin);
    res.setHeader("Access-Control-Expose-Headers", EXPOSED_HEADERS);
    if (req.method !== "OPTIONS" || !req.get("access-control-request-method")) return next();
    res.setHeader("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
    res.setHeader("Access-Control-Allow-Headers", ALLOWED_HEADERS);
    res.setHeader("Access-Control-Max-Age", "600");
    res.status(204).end();
  };
}
