import { headerNames } from "@comfy/contracts";
import type { ErrorRequestHandler } from "express";
import type { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { discardBody } from "./body.ts";
import { presentError } from "./present-error.ts";
import { toDoorError } from "./to-app-error.ts";
import { visitOf } from "./visit.ts";

/** Said with every 429 and 503 that does not know better. */
const RETRY_AFTER_SECONDS = 5;

function logError(log: Log, error: AppError, requestId: string): void {
  const fields = { requestId, code: error.code, cause: error.cause };
  if (error.code === "internal_error") log.error(fields, "A request failed for a reason nobody foresaw.");
  else if (error.status >= 500) log.warn(fields, error.message);
  else log.debug(fields, error.message);
}

/** The one place that writes an error's answer. */
export function createErrorHandler({ log }: { readonly log: Log }): ErrorRequestHandler {
  return function handleError(thrown, req, res, _next) {
    const { requestId } = visitOf(req);
    // Nobody is there to read the answer, and whatever broke, broke because of that.
    if (req.socket.destroyed) return;
    const error = toDoorError(thrown, req);
    logError(log, error, requestId);
    if (res.headersSent) {
      // Half a body that ends normally would pass for a whole one.
      res.destroy();
      return;
    }
    const isBusy = error.status === 429 || error.status === 503;
    const retryAfter = error.retryAfterSeconds ?? (isBusy ? RETRY_AFTER_SECONDS : undefined);
    if (retryAfter !== undefined) res.setHeader(headerNames.retryAfter, Math.max(0, Math.ceil(retryAfter)));
    if (error.status === 401) res.setHeader("WWW-Authenticate", "ApiKey");
    res.setHeader("Cache-Control", "no-store");
    res.status(error.status).json(presentError(error, requestId, req.path));
    discardBody(req);
  };
}
