import type { IncomingMessage } from "node:http";
import type { AdminKeyBody, ApiKeyBody, keyCreate } from "@comfy/contracts";
import type { Request } from "express";
import type * as z from "zod";
import type { KeyRecord } from "../../../access/key-store.ts";
import type { Origin } from "../../../access/manage-keys.ts";
import type { AppDeps } from "../../deps.ts";
import { authenticatedOf, visitOf } from "../../visit.ts";

interface Call {
  readonly req: IncomingMessage & Pick<Request, "ip">;
}
interface OneCall extends Call {
  readonly params: { readonly id: string };
}
interface PageQuery {
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

const LIMIT = 20;
const OVERLAP_SECONDS = 24 * 60 * 60;

const callerOf = ({ req }: Call) => authenticatedOf(req).caller;
const originOf = ({ req }: Call): Origin => ({
  requestId: visitOf(req).requestId,
  ...(req.ip !== undefined && { ip: req.ip }),
});
const toPage = ({ cursor, limit = LIMIT }: PageQuery) => ({ limit, ...(cursor !== undefined && { cursor }) });
const toTime = (ms: number) => new Date(ms).toISOString();

function statusOf({ revokedAtMs, expiresAtMs = Number.POSITIVE_INFINITY }: KeyRecord, nowMs: number) {
  if (revokedAtMs !== undefined) return "revoked";
  return expiresAtMs <= nowMs ? "expired" : "active";
}

export function presentKey(record: KeyRecord, nowMs: number): ApiKeyBody {
  const { id, name, mode, hint, scopes, tier, madeBy } = record;
  const { lastUsedAtMs, expiresAtMs, rotatedAtMs, previousUntilMs, revokedAtMs } = record;
  return {
    ...{ id, name, mode, hint, scopes: [...scopes], tier, status: statusOf(record, nowMs), madeBy },
    createdAt: toTime(record.createdAtMs),
    ...(lastUsedAtMs !== undefined && { lastUsedAt: toTime(lastUsedAtMs) }),
    ...(expiresAtMs !== undefined && { expiresAt: toTime(expiresAtMs) }),
    ...(rotatedAtMs !== undefined && { rotatedAt: toTime(rotatedAtMs) }),
    ...(previousUntilMs !== undefined && { previousUntil: toTime(previousUntilMs) }),
    ...(revokedAtMs !== undefined && { revokedAt: toTime(revokedAtMs) }),
  };
}

/** Keys of the caller's owner. */
export function createKeyRoutes({ verbs, clock }: AppDeps) {
  return {
    async create(call: Call & { readonly body: z.infer<typeof keyCreate> }) {
      const { name, mode = "signed", scopes, tier, expiresAt } = call.body;
      const expiresAtMs = expiresAt === undefined ? undefined : Date.parse(expiresAt);
      const wish = { name, mode, scopes, tier, expiresAtMs };
      const { record, key, secrets } = await verbs.createKey(callerOf(call), wish, originOf(call));
      return { status: 201 as const, body: { ...presentKey(record, clock.nowMs()), key, ...secrets } };
    },
    async list(call: Call & { readonly query: PageQuery }) {
      const { ownerId } = callerOf(call);
      const { keys, nextCursor } = await verbs.listKeys({ ownerId, ...toPage(call.query) });
      const body = { keys: keys.map((record) => presentKey(record, clock.nowMs())), ...(nextCursor && { nextCursor }) };
      return { status: 200 as const, body };
    },
    async rotate(call: OneCall & { readonly body?: { readonly overlapSeconds?: number | undefined } | undefined }) {
      const overlapMs = (call.body?.overlapSeconds ?? OVERLAP_SECONDS) * 1000;
      const { record, secrets } = await verbs.rotateKey(callerOf(call), call.params.id, overlapMs, originOf(call));
      return { status: 200 as const, body: { ...presentKey(record, clock.nowMs()), ...secrets } };
    },
    async revoke(call: OneCall) {
      const caller = callerOf(call);
      await verbs.revokeKey(caller, { id: call.params.id, ownerId: caller.ownerId }, originOf(call));
      return { status: 204 as const, body: undefined };
    },
  };
}

/** Keys of everybody, for operators. */
export function createAdminKeyRoutes({ verbs, clock }: AppDeps) {
  const present = (record: KeyRecord): AdminKeyBody => ({
    ...presentKey(record, clock.nowMs()),
    owner: record.ownerId,
    isReplayGuarded: record.isReplayGuarded,
  });
  return {
    async keys({ query }: { readonly query: PageQuery & { readonly owner?: string | undefined } }) {
      const { owner: ownerId } = query;
      const page = await verbs.listKeys({ ...toPage(query), ...(ownerId !== undefined && { ownerId }) });
      const { keys, nextCursor } = page;
      return { status: 200 as const, body: { keys: keys.map(present), ...(nextCursor && { nextCursor }) } };
    },
    async updateKey(call: OneCall & { readonly body: { readonly isReplayGuarded: boolean } }) {
      const { isReplayGuarded } = call.body;
      const record = await verbs.setReplayGuard(callerOf(call), call.params.id, isReplayGuarded, originOf(call));
      return { status: 200 as const, body: present(record) };
    },
    async revokeKey(call: OneCall) {
      await verbs.revokeKey(callerOf(call), { id: call.params.id }, originOf(call));
      return { status: 204 as const, body: undefined };
    },
  };
}
