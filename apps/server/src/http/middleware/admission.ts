import type { IncomingMessage } from "node:http";
import { headerNames, type Scope } from "@comfy/contracts";
import type { Authenticated, Caller } from "../../access/caller.ts";
import { AppError } from "../../errors.ts";
import type { HttpDeps } from "../deps.ts";

/** Whether a request says itself who is calling. */
export const hasCredentials = ({ headers }: IncomingMessage): boolean =>
  headers[headerNames.apiKey] !== undefined || headers.authorization !== undefined;

/** @throws AppError `access_denied` when the caller may not do this. */
export function assertScope({ scopes, via }: Caller, scope: Scope | undefined): void {
  if (scope === undefined || scopes.includes(scope)) return;
  const who = via === "session" ? "session" : "key";
  throw new AppError("access_denied", `This route needs the scope ${scope}, which this ${who} does not have.`);
}

/** Spends a signature. @throws AppError `signature_replayed` when it was spent before. */
export async function assertUnspent({ signature }: Authenticated, spend: HttpDeps["spendSignature"]): Promise<void> {
  if (!signature || (await spend(signature))) return;
  const words = "This signature was used before: every request needs one of its own, a retry included.";
  throw new AppError("signature_replayed", words);
}
