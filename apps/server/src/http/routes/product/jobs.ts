import type { IncomingMessage, ServerResponse } from "node:http";
import type { JobAddress } from "../../../jobs/find-own-job.ts";
import { watchCaller } from "../../connection.ts";
import type { AppDeps } from "../../deps.ts";
import { authenticatedOf } from "../../visit.ts";
import { createEventsRoute } from "./job-events.ts";

interface Call {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly params: { readonly kind: string; readonly id: string };
}

function toAddress({ req, params }: Call): JobAddress {
  return { ownerId: authenticatedOf(req).caller.ownerId, kind: params.kind, id: params.id };
}

export function createJobRoutes(deps: AppDeps) {
  const { verbs, draining } = deps;

  return {
    async read(call: Call & { readonly query: { readonly wait?: number | undefined } }) {
      // A shutdown ends the wait early, with the job as it stands.
      const signal = AbortSignal.any([watchCaller(call.res), draining]);
      const job = await verbs.readJob({ ...toAddress(call), waitMs: (call.query.wait ?? 0) * 1000, signal });
      return { status: 200 as const, body: await verbs.presentJob(job) };
    },
    events: createEventsRoute(deps),
    async cancel(call: Call) {
      const job = await verbs.cancelJob(toAddress(call));
      return { status: 200 as const, body: await verbs.presentJob(job) };
    },
  };
}
