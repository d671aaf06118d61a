import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { AcceptOutcome } from "./job-store.ts";

/** An outcome of an accept that gave no job. */
export type AcceptRefusal = Exclude<AcceptOutcome, { readonly job: unknown }>;

/** Why nothing was accepted, as the caller is told. */
export function toRefusal(outcome: AcceptRefusal, clock: Clock): AppError {
  switch (outcome.type) {
    case "idempotency_key_reused":
      return new AppError(
        "idempotency_key_reused",
        "This Idempotency-Key was used before with another body. Use a new key for a new request.",
      );
    case "signature_replayed":
      return new AppError(
        "signature_replayed",
        "This signature was used before: every request needs one of its own. Two equal bodies in the same millisecond collide under version 1; version 2 (X-Signature-Version: 2) carries a nonce and never does.",
      );
    case "generations_exhausted": {
      const seconds = Math.max(1, Math.ceil((outcome.resetAtMs - clock.nowMs()) / 1000));
      return new AppError("generations_exhausted", "The day's generations of this key are used up.", {
        retryAfterSeconds: seconds,
      });
    }
  }
}
