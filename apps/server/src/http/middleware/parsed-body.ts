import type { RouteMetadata } from "@comfy/contracts";
import type { RequestHandler } from "express";
import { AppError } from "../../errors.ts";
import { parseJson } from "../json.ts";
import { visitOf } from "../visit.ts";
import { routeOf } from "./guard.ts";

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?;?\s*$/i;
const MULTIPART_TYPE = /^multipart\/form-data\s*;/i;

function assertType(given: string | undefined, pattern: RegExp, expected: string): void {
  if (pattern.test(given ?? "")) return;
  throw new AppError(
    "unsupported_media_type",
    `Content-Type: expected ${expected}, got ${given?.slice(0, 80) ?? "nothing"}.`,
  );
}

/** Turns the bytes into what the contract's schema is asked about. Only after the guard: nobody unknown makes us parse. */
export function createParsedBody(): RequestHandler {
  return function parseBody(req, _res, next) {
    const route = routeOf(req);
    const { body } = visitOf(req);
    if (!route || !("body" in route)) return next();
    if (route.contentType === "multipart/form-data") {
      assertType(req.get("content-type"), MULTIPART_TYPE, "multipart/form-data");
      // The route reads the parts itself; the schema only documents them.
      req.body = { file: "" };
      return next();
    }
    // What streams is read by the route, and is whatever it is.
    if ((route.metadata as Partial<RouteMetadata> | undefined)?.streams) return next();
    const mayBeEmpty = body.length === 0 && routeTakesNothing(route.body);
    if (!mayBeEmpty) {
      if (body.length > 0) assertType(req.get("content-type"), JSON_TYPE, "application/json");
      req.body = parseJson(body);
    }
    next();
  };
}

function routeTakesNothing(schema: unknown): boolean {
  if (typeof schema !== "object" || schema === null || !("~standard" in schema)) return true;
  const { validate } = schema["~standard"] as { validate(value: unknown): { readonly issues?: unknown } };
  return validate(undefined).issues === undefined;
}
