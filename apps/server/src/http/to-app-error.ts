import type { IncomingMessage } from "node:http";
import { RequestValidationError } from "@ts-rest/express";
import { AppError, toAppError } from "../errors.ts";
import { type Findings, type Issue, toInvalidInput } from "./invalid-input.ts";

type Parts = IncomingMessage & { readonly params?: unknown; readonly query?: unknown; readonly body?: unknown };

function findingsOf(found: { readonly issues: readonly Issue[] } | null, value: unknown, prefix = ""): Findings[] {
  return found ? [{ issues: found.issues, value, prefix }] : [];
}

/** An error of this door's own libraries in the words of the service; anything else as it is. */
export function toDoorError(thrown: unknown, req: Parts): AppError {
  if (thrown instanceof RequestValidationError) {
    return toInvalidInput([
      ...findingsOf(thrown.pathParams, req.params),
      ...findingsOf(thrown.query, req.query, "?"),
      ...findingsOf(thrown.headers, req.headers),
      ...findingsOf(thrown.body, req.body),
    ]);
  }
  // The router throws this for a path such as /jobs/portrait/%E0%A4%A: no text has those bytes.
  if (thrown instanceof URIError) {
    return new AppError("invalid_input", "The path is not valid: expected percent-encoded UTF-8.", { cause: thrown });
  }
  return toAppError(thrown);
}
