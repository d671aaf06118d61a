import { type Access, accessWords, type Bucket, headerNames, type RouteMetadata, type Scope } from "@comfy/contracts";
import { type AppRoute, isAppRoute } from "@ts-rest/core";
import type { Request, RequestHandler, Response } from "express";
import type { Authenticated } from "../../access/caller.ts";
import { toLimitHeaders } from "../../access/limit-headers.ts";
import { RateLimitedError } from "../../access/limit-request.ts";
import type { Spent } from "../../access/rate-limiter.ts";
import { AppError } from "../../errors.ts";
import type { AppDeps } from "../deps.ts";
import { visitOf } from "../visit.ts";
import { assertScope, assertUnspent, hasCredentials } from "./admission.ts";
import { createReadRawBody } from "./raw-body.ts";

const isAccess = (word: unknown): word is Access => accessWords.some((known) => known === word);

/** The access words that ask who is calling. */
type KnownAccess = Exclude<Access, "public" | "link">;

interface Rules {
  readonly access: Access;
  readonly bucket: Bucket;
  readonly scope: Scope | undefined;
  readonly isClaimedByJob: boolean;
}

/** What the contract says about a route; a missing or unknown word refuses everybody. */
function readMetadata(route: AppRoute | undefined): Rules {
  const { access, bucket = "requests", claims, scope } = (route?.metadata ?? {}) as Partial<RouteMetadata>;
  if (!isAccess(access)) throw new AppError("access_denied", "This route does not say who may call it, so nobody may.");
  const needed = scope ?? (access === "admin" ? "admin" : undefined);
  return { access, bucket, scope: needed, isClaimedByJob: claims === "job" };
}

/** The route that ts-rest matched, which it leaves on the request. */
export function routeOf(req: Request): AppRoute | undefined {
  const { tsRestRoute } = req as { readonly tsRestRoute?: unknown };
  return typeof tsRestRoute === "object" && tsRestRoute !== null && isAppRoute(tsRestRoute as AppRoute)
    ? (tsRestRoute as AppRoute)
    : undefined;
}

export type GuardDeps = Pick<
  AppDeps,
  "authenticate" | "clock" | "flags" | "ipGuard" | "limitRequest" | "publicUrl" | "spendSignature" | "streamTickets"
>;

/**
 * Stands before every route of the contract, before its input is parsed: who is calling, within which limits, and with a signature that
 * was never used before. The order matters: a bad signature spends the address's bucket, never the key's.
 */
export function createGuard(deps: GuardDeps): RequestHandler {
  const { authenticate, clock, ipGuard, limitRequest, spendSignature, streamTickets } = deps;
  const readRawBody = createReadRawBody(deps);
  const prefix = deps.publicUrl ? new URL(deps.publicUrl).pathname.replace(/\/$/, "") : "";

  async function identify(req: Request, route: AppRoute, access: KnownAccess): Promise<Authenticated> {
    const visit = visitOf(req);
    visit.body = await readRawBody(req, route);
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

  async function admit(req: Request, route: AppRoute, access: KnownAccess): Promise<Authenticated> {
    const ip = req.ip ?? "";
    try {
      const visit = visitOf(req);
      visit.authenticated = (await redeemTicket(req, route)) ?? (await identify(req, route, access));
      return visit.authenticated;
    } catch (error) {
      if (error instanceof AppError && error.status === 401) await ipGuard.recordFailure(ip);
      throw error;
    }
  }

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

  return async function guard(req, res, next) {
    const route = routeOf(req);
    const { access, bucket, scope, isClaimedByJob } = readMetadata(route);
    if (access === "public" && bucket === "auth") await ipGuard.assertWelcome(req.ip ?? "", bucket);
    if (route && access !== "public" && access !== "link") {
      const authenticated = await admit(req, route, access);
      await limit(authenticated, bucket, res);
      assertScope(authenticated.caller, scope);
      if (!isClaimedByJob) await assertUnspent(authenticated, spendSignature);
      const key = req.get(headerNames.idempotencyKey);
      // Told back so that a client knows the key is honoured here.
      if (req.method === "POST" && key !== undefined && /^[\x21-\x7e]{1,255}$/.test(key))
        res.set(headerNames.idempotencyKey, key);
    }
    next();
  };
}
