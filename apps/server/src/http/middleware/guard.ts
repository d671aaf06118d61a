import { type Access, accessWords, headerNames, type RouteMetadata } from "@comfy/contracts";
import { type AppRoute, isAppRoute } from "@ts-rest/core";
import type { Request, RequestHandler, Response } from "express";
import type { Authenticated } from "../../access/caller.ts";
import { AppError } from "../../errors.ts";
import { readBody } from "../body.ts";
import type { AppDeps } from "../deps.ts";
import { visitOf } from "../visit.ts";
import { createCharged, createLetIn, type EntryRules, hasCredentials, type LetInDeps } from "./admission.ts";
import { admitStream } from "./admit-stream.ts";
import { createReadRawBody } from "./raw-body.ts";

const isAccess = (word: unknown): word is Access => accessWords.some((known) => known === word);

/** What somebody who says nothing of who it is may make us hold: names and passwords are short. */
const STRANGER_SIZE_BYTES_MAX = 16 * 1024;

/** The access words that ask who is calling. */
type KnownAccess = Exclude<Access, "public" | "link">;

interface Rules extends EntryRules {
  readonly access: Access;
  readonly isStreamed: boolean;
}

/** What the contract says about a route; a missing or unknown word refuses everybody. */
function readMetadata(route: AppRoute | undefined): Rules {
  const { access, bucket = "requests", claims, scope, streams } = (route?.metadata ?? {}) as Partial<RouteMetadata>;
  if (!isAccess(access)) throw new AppError("access_denied", "This route does not say who may call it, so nobody may.");
  const needed = scope ?? (access === "admin" ? "admin" : undefined);
  const isClaimedByJob = claims === "job";
  return {
    access,
    bucket,
    scope: needed,
    isClaimedByJob,
    isRepeatable: access === "key",
    isStreamed: streams === true,
  };
}

/** The route that ts-rest matched, which it leaves on the request. */
export function routeOf(req: Request): AppRoute | undefined {
  const { tsRestRoute } = req as { readonly tsRestRoute?: unknown };
  return typeof tsRestRoute === "object" && tsRestRoute !== null && isAppRoute(tsRestRoute as AppRoute)
    ? (tsRestRoute as AppRoute)
    : undefined;
}

const takesIdempotencyKey = ({ headers }: AppRoute): boolean =>
  typeof headers === "object" && headers !== null && headerNames.idempotencyKey in headers;

export interface GuardDeps
  extends LetInDeps,
    Pick<AppDeps, "authenticate" | "flags" | "ipGuard" | "publicUrl" | "streamTickets"> {}

/**
 * Stands before every route of the contract, before its input is parsed: who is calling, within which limits, and with a signature that
 * was never used before. The order matters: a bad signature spends the address's bucket, never the key's.
 */
export function createGuard(deps: GuardDeps): RequestHandler {
  const { authenticate, ipGuard, streamTickets } = deps;
  const letIn = createLetIn(deps);
  const charged = createCharged(ipGuard);
  const readRawBody = createReadRawBody(deps);
  const prefix = deps.publicUrl ? new URL(deps.publicUrl).pathname.replace(/\/$/, "") : "";

  async function identify(req: Request, access: KnownAccess): Promise<Authenticated> {
    const visit = visitOf(req);
    visit.body = await readRawBody(req);
    const { method, headers, originalUrl } = req;
    const request = { method, target: prefix + originalUrl, headers, body: visit.body };
    return access === "key" ? authenticate.byKey(request) : authenticate.byProof(request);
  }

  /** Who sends no credentials may have a ticket, where the route takes one. Nothing that such a caller sends is read. */
  async function redeemTicket(req: Request, route: AppRoute): Promise<Authenticated | undefined> {
    const { takesTicket } = (route.metadata ?? {}) as Partial<RouteMetadata>;
    const { ticket } = req.query;
    if (!takesTicket || typeof ticket !== "string" || hasCredentials(req)) return undefined;
    return { caller: await streamTickets.redeem(ticket, String(req.params.id)) };
  }

  async function admit(req: Request, res: Response, route: AppRoute, access: KnownAccess, rules: Rules): Promise<void> {
    const authenticated = await charged(
      req,
      async () => (await redeemTicket(req, route)) ?? (await identify(req, access)),
    );
    visitOf(req).authenticated = authenticated;
    await letIn(authenticated, rules, res);
  }

  return async function guard(req, res, next) {
    const route = routeOf(req);
    const rules = readMetadata(route);
    const { access, bucket } = rules;
    if (access === "public" && bucket === "auth") {
      await ipGuard.assertWelcome(req.ip ?? "", bucket);
      visitOf(req).body = await readBody(req, STRANGER_SIZE_BYTES_MAX);
    }
    if (route && access !== "public" && access !== "link") {
      if (rules.isStreamed) await admitStream({ req, res, prefix, rules }, { authenticate, ipGuard, charged, letIn });
      else await admit(req, res, route, access, rules);
      const key = req.get(headerNames.idempotencyKey);
      // Told back so that a client knows the key is honoured here.
      if (takesIdempotencyKey(route) && key !== undefined && /^[\x21-\x7e]{1,255}$/.test(key))
        res.set(headerNames.idempotencyKey, key);
    }
    next();
  };
}
