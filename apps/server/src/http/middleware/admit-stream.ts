import type { Request, Response } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import { visitOf } from "../visit.ts";
import type { Charged, EntryRules, LetIn } from "./admission.ts";

interface Entry {
  readonly req: Request;
  readonly res: Response;
  /** What stands before the paths of ours where callers reach us. */
  readonly prefix: string;
  readonly rules: EntryRules;
}

interface Doors {
  readonly authenticate: Authenticate;
  readonly charged: Charged;
  readonly letIn: LetIn;
}

/**
 * Admits a request before its body has come. Who is proven by the headers is let in now, and the body is held to the digest they name; of
 * anybody else nothing is counted before the last byte has passed by.
 */
export async function admitStream({ req, res, prefix, rules }: Entry, doors: Doors): Promise<void> {
  const { authenticate, charged, letIn } = doors;
  const { method, headers, originalUrl } = req;
  const found = await charged(req, () => authenticate.byStream({ method, target: prefix + originalUrl, headers }));
  const { proof, ...authenticated } = found;
  const isProven = proof?.isCallerProven ?? true;
  const visit = visitOf(req);
  visit.authenticated = authenticated;
  visit.stream = {
    update: (chunk) => proof?.update(chunk),
    async settle() {
      await charged(req, () => proof?.assertGenuine());
      if (!isProven) await letIn(authenticated, rules, res);
    },
  };
  if (isProven) await letIn(authenticated, rules, res);
}
