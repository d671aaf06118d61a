import { headerNames } from "@comfy/contracts";
import type { RequestHandler } from "express";
import { createId } from "../../ids.ts";
import type { AppDeps } from "../deps.ts";
import { openVisit, visitOf } from "../visit.ts";

/** Characters that are safe in a header and in a log line. */
const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** First of all: every request has an id and every answer names it, whatever goes wrong after this. */
export function createArrival({ clock, log, draining }: Pick<AppDeps, "clock" | "log" | "draining">): RequestHandler {
  return function arrive(req, res, next) {
    const given = req.get(headerNames.requestId) ?? "";
    const requestId = REQUEST_ID.test(given) ? given : createId(clock.nowMs());
    openVisit(req, { requestId, startedMs: clock.monotonicMs(), body: Buffer.alloc(0) });
    res.setHeader(headerNames.requestId, requestId);
    res.setHeader("Cache-Control", "no-store");
    if (draining.aborted) res.setHeader("Connection", "close");
    res.once("close", () => {
      const { startedMs, authenticated } = visitOf(req);
      const durationMs = Math.round(clock.monotonicMs() - startedMs);
      const status = res.writableFinished ? res.statusCode : 499;
      const keyId = authenticated?.caller.keyId;
      // The path without its query: a signed link's signature lives there.
      log.info({ requestId, method: req.method, path: req.path, status, durationMs, keyId }, "Request.");
    });
    next();
  };
}
