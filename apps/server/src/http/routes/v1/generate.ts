import { type JobCreate, v1CompletedJob } from "@comfy/contracts";
import type { AppDeps } from "../../deps.ts";
import { tellReplay } from "../../idempotency-key.ts";
import { type MakingCall, toSubmitRequest } from "./submit-request.ts";

/** `POST /api/v1/generate`: the job of `POST /api/v1/jobs`, waited for. */
export function createGenerateRoute({ verbs, closing }: AppDeps) {
  return async function generate(call: MakingCall<JobCreate>) {
    const submitted = await verbs.generate({ ...toSubmitRequest(call), closing });
    tellReplay(submitted, call.res);
    return { status: 200 as const, body: v1CompletedJob.parse(await verbs.presentV1Job(submitted.job)) };
  };
}
