import type { IncomingMessage, ServerResponse } from "node:http";
import type { JobCreate } from "@comfy/contracts";
import { AppError } from "../../../errors.ts";
import type { SubmitRequest } from "../../../jobs/submit-job.ts";
import { watchCaller } from "../../connection.ts";
import type { HttpFlags } from "../../deps.ts";
import { readIdempotencyKey } from "../../idempotency-key.ts";
import { authenticatedOf, visitOf } from "../../visit.ts";

/** A call that makes jobs. */
export interface MakingCall<Body> {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly headers: { readonly "idempotency-key"?: string | undefined };
  readonly body: Body;
}

/** What requests for jobs have in common, whether they ask for one or for many. */
export function toWishes({ req, res, headers, body }: MakingCall<Omit<JobCreate, "input">>) {
  const { workflow, callbackUrl, priority, metadata } = body;
  const { body: bytes, requestId } = visitOf(req);
  return {
    ...authenticatedOf(req),
    ...readIdempotencyKey(headers),
    surface: "v1" as const,
    kind: workflow,
    body: bytes,
    requestId,
    signal: watchCaller(res),
    ...(callbackUrl !== undefined && { callbackUrl }),
    ...(priority !== undefined && { priority }),
    ...(metadata !== undefined && { metadata }),
  };
}

export function toJobInput(input: { readonly upload_to_cloud?: boolean | undefined }) {
  return { input, isUploadedToCloud: input.upload_to_cloud !== false };
}

export function toSubmitRequest(call: MakingCall<JobCreate>): SubmitRequest {
  return { ...toWishes(call), ...toJobInput(call.body.input) };
}

/** Refuses what is only queued, where the queue is switched off. */
export function assertQueue({ isAsyncEnabled }: HttpFlags): void {
  if (isAsyncEnabled) return;
  const words = "Async queues are not enabled on this service (ENABLE_ASYNC_QUEUES=false): use POST /api/v1/generate.";
  throw new AppError("async_disabled", words);
}
