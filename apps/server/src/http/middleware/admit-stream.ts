import type { Request, Response } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import type { IpGuard } from "../../access/ip-guard.ts";
import { visitOf } from "../visit.ts";
import { assertScope, type Charged, type EntryRules, type LetIn } from "./admission.ts";

interface Entry {
  readonly req: Request;
  readonly res: Response;
  /** What stands before the paths of ours where callers reach us. */
  readonly prefix: string;
  readonly rules: EntryRules;
}

interface Doors {
  readonly authenticate: Authenticate;
  readonly ipGuard: Pick<IpGuard, "recordFailure">;
  readonly charged: Charged;
  readonly letIn: LetIn;
}

/**
 * Admits a request before its body has come. Who is proven by the headers is let in now, and the body is held to the digest they name; of
 * anybody else nothing is counted before the last byte has passed by, and an address pays for bodies that prove nothing.
 */
export async function admitStream({ req, res, prefix, rules }: Entry, doors: Doors): Promise<void> {
  const { authenticate, ipGuard, charged, letIn } = doors;
  const { method, headers, originalUrl } = req;
  const found = await charged(req, () => authenticate.byStream({ method, target: prefix + originalUrl, headers }));
  const { proof, ...authenticated } = found;
  const isProven = proof?.isCallerProven ?? true;
  const visit = visitOf(req);
  visit.authenticated = authenticated;
  // What the key may not do, nobody needs to send a body for.
  if (!isProven) assertScope(authenticated.caller, rules.scope);
  let isSettled = isProven;
  visit.stream = {
    isCallerProven: isProven,
    update: (chunk) => proof?.update(chunk),
    async settle() {
      isSettled = true;
      await charged(req, () => proof?.assertGenuine());
      if (!isProven) await letIn(authenticated, rules, res);
    },
  };
  if (isProven) await letIn(authenticated, rules, res);
  // One that was turned away for want of a place has taken nothing.
  const isOwing = () => !isSettled && res.statusCode !== 503;
  res.once("close", () => isOwing() && void ipGuard.recordFailure(req.ip ?? "").catch(() => undefined));
}
