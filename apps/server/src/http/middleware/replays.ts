import type { ErrorRequestHandler, Response } from "express";
import type { Authenticated } from "../../access/caller.ts";
import type { IpGuard } from "../../access/ip-guard.ts";
import { toReplayed } from "../../access/signature-ledger.ts";
import { AppError } from "../../errors.ts";
import { visitOf } from "../visit.ts";

/** Each is some 150 bytes; a signature is refused by its timestamp after ten minutes. */
const SEEN_MAX = 20_000;

export interface Replays {
  /** Looks before anything of the caller is spent. @throws AppError `signature_replayed` for one that is known to have made a job */
  assertUnseen(authenticated: Authenticated): void;
  /** Remembers a signature once its request has made a job. */
  watch(authenticated: Authenticated, res: Response): void;
  /** Lets whoever sends something again pay with its address. */
  readonly charge: ErrorRequestHandler;
}

/**
 * Whoever has seen a signed request can send it again: what that costs is the sender's, never the caller's who signed it. Signatures of
 * jobs are spent by the statement that accepts the job, after the limits were asked, so this process remembers them: of each it is asked
 * once at the most.
 */
export function createReplays({ ipGuard }: { readonly ipGuard: Pick<IpGuard, "recordFailure"> }): Replays {
  const seen = new Set<string>();

  function remember({ signature }: Partial<Authenticated>): void {
    if (!signature) return;
    seen.add(signature.hash);
    const [oldest] = seen;
    if (seen.size > SEEN_MAX && oldest !== undefined) seen.delete(oldest);
  }

  return {
    assertUnseen({ signature }) {
      if (signature && seen.has(signature.hash)) throw toReplayed();
    },
    watch(authenticated, res) {
      res.once("close", () => {
        if (res.headersSent && res.statusCode < 300) remember(authenticated);
      });
    },
    async charge(error, req, _res, next) {
      if (error instanceof AppError && error.code === "signature_replayed") {
        remember(visitOf(req).authenticated ?? {});
        await ipGuard.recordFailure(req.ip ?? "");
      }
      next(error);
    },
  };
}
