import type { IncomingMessage } from "node:http";
import { type Bucket, headerNames, type Scope } from "@comfy/contracts";
import type { Request, Response } from "express";
import type { Authenticated, Caller } from "../../access/caller.ts";
import { toLimitHeaders } from "../../access/limit-headers.ts";
import { RateLimitedError } from "../../access/limit-request.ts";
import type { Spent } from "../../access/rate-limiter.ts";
import { toReplayed } from "../../access/signature-ledger.ts";
import { readBearer } from "../../access/signed-request.ts";
import { AppError } from "../../errors.ts";
import type { HttpDeps } from "../deps.ts";
import type { Replays } from "./replays.ts";

/** Whether a request says itself who is calling. What a proxy in front wants to know (`Authorization: Basic`) is nothing to us. */
export const hasCredentials = (req: IncomingMessage): boolean =>
  req.headers[headerNames.apiKey] !== undefined || readBearer(req) !== undefined;

/** @throws AppError `access_denied` when the caller may not do this. */
export function assertScope({ scopes, via }: Caller, scope: Scope | undefined): void {
  if (scope === undefined || scopes.includes(scope)) return;
  const who = via === "session" ? "session" : "key";
  throw new AppError("access_denied", `This route needs the scope ${scope}, which this ${who} does not have.`);
}

/** Spends a signature. @throws AppError `signature_replayed` when it was spent before. */
export async function assertUnspent({ signature }: Authenticated, spend: HttpDeps["spendSignature"]): Promise<void> {
  if (signature && !(await spend(signature))) throw toReplayed();
}

/** What a route asks of whoever is proven. */
export interface EntryRules {
  readonly bucket: Bucket;
  readonly scope: Scope | undefined;
  /** The signature is spent later, with the job. */
  readonly isClaimedByJob: boolean;
  /** The key alone opens it: whoever signs it may repeat it, and nothing else with that signature. */
  readonly isRepeatable: boolean;
}

export type LetIn = (authenticated: Authenticated, rules: EntryRules, res: Response) => Promise<void>;

export interface LetInDeps extends Pick<HttpDeps, "clock" | "limitRequest" | "spendSignature"> {
  readonly replays: Pick<Replays, "assertUnseen" | "watch">;
}

/**
 * What a proven caller still needs: a signature that was never used, room within its limits, and the scope. In this order: whoever sends
 * again what a caller has signed spends nothing of that caller's.
 */
export function createLetIn(deps: LetInDeps): LetIn {
  const { clock, limitRequest, spendSignature, replays } = deps;

  async function limit({ caller }: Authenticated, bucket: Bucket, res: Response): Promise<void> {
    const tell = (spent: Spent | undefined) => {
      if (spent) res.set(toLimitHeaders(spent, clock.nowMs()));
    };
    try {
      tell(await limitRequest(caller, bucket));
    } catch (error) {
      if (error instanceof RateLimitedError) tell(error.spent);
      throw error;
    }
  }

  const burn = async ({ signature }: Authenticated) => signature && spendSignature(signature, { isRepeatable: true });

  return async function letIn(authenticated, { bucket, scope, isClaimedByJob, isRepeatable }, res) {
    // Before anything is refused: a signature of the first version that was seen with a poll would open a write for five minutes.
    if (isRepeatable) await burn(authenticated);
    else if (isClaimedByJob) replays.assertUnseen(authenticated);
    else await assertUnspent(authenticated, spendSignature);
    await limit(authenticated, bucket, res);
    assertScope(authenticated.caller, scope);
    if (isClaimedByJob) replays.watch(authenticated, res);
  };
}

export type Charged = <T>(req: Request, work: () => T | Promise<T>) => Promise<T>;

/** Lets whoever proves nothing spend the bucket of its address. */
export function createCharged(ipGuard: HttpDeps["ipGuard"]): Charged {
  return async function charged(req, work) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof AppError && error.status === 401) await ipGuard.recordFailure(req.ip ?? "");
      throw error;
    }
  };
}
