import type { IncomingMessage, ServerResponse } from "node:http";
import type { JobCreate, JobPageQuery } from "@comfy/contracts";
import type { JobAddress } from "../../../jobs/find-own-job.ts";
import type { Submitted } from "../../../jobs/submit-job.ts";
import { watchCaller } from "../../connection.ts";
import type { AppDeps } from "../../deps.ts";
import { tellReplay } from "../../idempotency-key.ts";
import { authenticatedOf, visitOf } from "../../visit.ts";
import { createEventsRoute } from "../product/job-events.ts";
import { createResultRoute } from "./result.ts";
import { assertQueue, type MakingCall, toSubmitRequest } from "./submit-request.ts";

const PAGE_LENGTH = 20;

interface Call {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly params: { readonly id: string };
}

const toAddress = ({ req, params: { id } }: Call): JobAddress => {
  return { ownerId: authenticatedOf(req).caller.ownerId, id };
};

function toFilter(query: JobPageQuery) {
  const { limit = PAGE_LENGTH, cursor, status, workflow, key, metadata, createdAfter, createdBefore } = query;
  return {
    limit,
    ...(cursor !== undefined && { cursor }),
    ...(status !== undefined && { statuses: status }),
    ...(workflow !== undefined && { kind: workflow }),
    ...(key !== undefined && { keyId: key }),
    ...(metadata !== undefined && { metadata }),
    ...(createdAfter !== undefined && { createdAfterMs: createdAfter }),
    ...(createdBefore !== undefined && { createdBeforeMs: createdBefore }),
  };
}

export function createV1JobRoutes(deps: AppDeps) {
  const { verbs, flags, draining, streamTickets } = deps;

  /** A new job, or the one that an earlier request made. */
  async function tellMade(submitted: Submitted, res: ServerResponse) {
    tellReplay(submitted, res);
    res.setHeader("Location", `/api/v1/jobs/${submitted.job.id}`);
    return verbs.presentV1Job(submitted.job);
  }

  async function cancel(call: Call) {
    return { status: 200 as const, body: await verbs.presentV1Job(await verbs.cancelJob(toAddress(call))) };
  }

  return {
    async create(call: MakingCall<JobCreate>) {
      assertQueue(flags);
      return { status: 201 as const, body: await tellMade(await verbs.submitJob(toSubmitRequest(call)), call.res) };
    },
    async list({ req, query }: { readonly req: IncomingMessage; readonly query: JobPageQuery }) {
      const { ownerId } = authenticatedOf(req).caller;
      const { jobs, nextCursor } = await verbs.listJobs({ ownerId, ...toFilter(query) });
      const body = { jobs: await Promise.all(jobs.map(verbs.presentV1Job)), nextCursor };
      return { status: 200 as const, body };
    },
    async read(call: Call & { readonly query: { readonly wait?: number | undefined } }) {
      // A shutdown ends the wait early, with the job as it stands.
      const signal = AbortSignal.any([watchCaller(call.res), draining]);
      const job = await verbs.readJob({ ...toAddress(call), waitMs: (call.query.wait ?? 0) * 1000, signal });
      return { status: 200 as const, body: await verbs.presentV1Job(job) };
    },
    result: createResultRoute(deps),
    events: createEventsRoute(deps),
    async ticket(call: Call) {
      const { caller } = authenticatedOf(call.req);
      const { id } = await verbs.readJob({ ...toAddress(call), signal: watchCaller(call.res) });
      const { ticket, ttlMs } = await streamTickets.issue(caller, id);
      return { status: 201 as const, body: { ticket, expiresIn: ttlMs / 1_000 } };
    },
    delete: cancel,
    cancel,
    async retry({ req, res, params: { id } }: Call) {
      assertQueue(flags);
      const { caller } = authenticatedOf(req);
      const { requestId } = visitOf(req);
      const retried = await verbs.retryJob({ caller, id, requestId, signal: watchCaller(res) });
      return { status: retried.isReplay ? (200 as const) : (201 as const), body: await tellMade(retried, res) };
    },
  };
}
