import type { RouteMetadata } from "@comfy/contracts";
import type { RequestHandler } from "express";
import { AppError } from "../../errors.ts";
import { parseJson } from "../json.ts";
import { visitOf } from "../visit.ts";
import { routeOf } from "./guard.ts";

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json$/i;
const UTF_8 = /^charset="?utf-?8"?$/i;

/** Without its spaces first: one pattern that allows them everywhere took 0.3 s for a header of 15,000 spaces, and anyone may send that. */
function isJsonType(given: string): boolean {
  const [type = "", ...parameters] = given.replaceAll(/\s/g, "").split(";");
  return JSON_TYPE.test(type) && parameters.every((parameter) => parameter === "" || UTF_8.test(parameter));
}

const isMultipartType = (given: string): boolean => /^multipart\/form-data\s*;/i.test(given);

function assertType(given: string | undefined, isExpected: (type: string) => boolean, expected: string): void {
  if (isExpected(given ?? "")) return;
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
      assertType(req.get("content-type"), isMultipartType, "multipart/form-data");
      // The route reads the parts itself; the schema only documents them.
      req.body = { file: "" };
      return next();
    }
    // What streams is read by the route, and is whatever it is.
    if ((route.metadata as Partial<RouteMetadata> | undefined)?.streams) return next();
    const mayBeEmpty = body.length === 0 && routeTakesNothing(route.body);
    if (!mayBeEmpty) {
      if (body.length > 0) assertType(req.get("content-type"), isJsonType, "application/json");
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
