import {
  type AdminJobBody,
  type AuditEntryBody,
  type adminJobQuery,
  type auditQuery,
  jobStates,
  jobStateWords,
} from "@comfy/contracts";
import type * as z from "zod";
import type { RecordedEntry } from "../../../access/audit-log.ts";
import type { OverviewJob } from "../../../jobs/overview-store.ts";
import type { AppDeps } from "../../deps.ts";

const LIMIT = 20;

const toIso = (timeMs: number): string => new Date(timeMs).toISOString();

function presentJob(job: OverviewJob): AdminJobBody {
  const { id, ownerId, keyId, kind, state, priority, progress, attempts, requestId, failure } = job;
  return {
    ...{ id, owner: ownerId, key: keyId, workflow: kind, priority, progress, attempts, requestId },
    status: jobStateWords[state].v1,
    createdAt: toIso(job.createdAtMs),
    ...(job.startedAtMs !== undefined && { startedAt: toIso(job.startedAtMs) }),
    ...(job.completedAtMs !== undefined && { completedAt: toIso(job.completedAtMs) }),
    ...(job.waitingReason !== undefined && { waitingReason: job.waitingReason }),
    ...(job.backendId !== undefined && { backend: job.backendId }),
    ...(failure && { error: failure.message, code: failure.code }),
  };
}

function presentEntry(entry: RecordedEntry): AuditEntryBody {
  const { id, createdAtMs, actorId, action, subject, ownerId, details, ip, requestId } = entry;
  return {
    ...{ id, at: toIso(createdAtMs), actor: actorId, action, subject },
    ...(ownerId !== undefined && { owner: ownerId }),
    ...(details && { details: { ...details } }),
    ...(ip !== undefined && { ip }),
    ...(requestId !== undefined && { requestId }),
  };
}

interface Times {
  readonly createdAfter?: number | undefined;
  readonly createdBefore?: number | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

const toPage = ({ createdAfter, createdBefore, cursor, limit = LIMIT }: Times) => ({
  limit,
  ...(createdAfter !== undefined && { createdAfterMs: createdAfter }),
  ...(createdBefore !== undefined && { createdBeforeMs: createdBefore }),
  ...(cursor !== undefined && { cursor }),
});

/** What operators look at. */
export function createAdminOverviewRoutes({ verbs }: AppDeps) {
  return {
    async jobs({ query }: { readonly query: z.output<typeof adminJobQuery> }) {
      const { status, owner, key, workflow } = query;
      const { jobs, nextCursor } = await verbs.listAllJobs({
        ...toPage(query),
        ...(status !== undefined && { states: jobStates.filter((state) => jobStateWords[state].v1 === status) }),
        ...(owner !== undefined && { ownerId: owner }),
        ...(key !== undefined && { keyId: key }),
        ...(workflow !== undefined && { kind: workflow }),
      });
      const next = nextCursor !== undefined && { nextCursor };
      return { status: 200 as const, body: { jobs: jobs.map(presentJob), ...next } };
    },
    async stats() {
      return { status: 200 as const, body: await verbs.readStats() };
    },
    async auditLog({ query }: { readonly query: z.output<typeof auditQuery> }) {
      const { actor, action, subject, owner } = query;
      const { entries, nextCursor } = await verbs.listAuditLog({
        ...toPage(query),
        ...(actor !== undefined && { actorId: actor }),
        ...(action !== undefined && { action }),
        ...(subject !== undefined && { subject }),
        ...(owner !== undefined && { ownerId: owner }),
      });
      const next = nextCursor !== undefined && { nextCursor };
      return { status: 200 as const, body: { entries: entries.map(presentEntry), ...next } };
    },
  };
}
