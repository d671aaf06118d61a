import { AppError } from "../../errors.ts";
import { isId } from "../../ids.ts";

/** A cursor that is the number of the last row that was shown. */
export function parseSeqCursor(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw toRefusal();
}

/** A cursor that is the id of the last row that was shown. */
export function parseIdCursor(cursor: string): string {
  if (isId(cursor)) return cursor;
  throw toRefusal();
}

function toRefusal(): AppError {
  return new AppError("invalid_input", "The cursor is not one that a page of this list ended with.", {
    details: [{ path: "cursor", message: "is not a cursor of this list" }],
  });
}
