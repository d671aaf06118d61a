import type { IncomingMessage, ServerResponse } from "node:http";
import { type Kind, mediaResult, pictureResult } from "@comfy/contracts";
import { AppError } from "../../../errors.ts";
import type { SubmitRequest } from "../../../jobs/submit-job.ts";
import { watchCaller } from "../../connection.ts";
import type { AppDeps } from "../../deps.ts";
import { readIdempotencyKey, tellReplay } from "../../idempotency-key.ts";
import { authenticatedOf, visitOf } from "../../visit.ts";

/** The part of a call that every kind has. */
interface Call {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly headers: { readonly "idempotency-key"?: string | undefined };
  readonly body: { readonly upload_to_cloud?: boolean | undefined; readonly callbackUrl?: string | undefined };
}

function toSubmitRequest(kind: Kind, { req, res, headers, body }: Call): SubmitRequest {
  const { body: bytes, requestId } = visitOf(req);
  const { callbackUrl, upload_to_cloud, ...input } = body;
  return {
    ...authenticatedOf(req),
    surface: "product",
    kind,
    input: { ...input, ...(upload_to_cloud !== undefined && { upload_to_cloud }) },
    isUploadedToCloud: upload_to_cloud !== false,
    body: bytes,
    requestId,
    signal: watchCaller(res),
    ...(callbackUrl !== undefined && { callbackUrl }),
    ...readIdempotencyKey(headers),
  };
}

/** The two routes of each kind: wait for the result, or queue it. */
export function createGenerationRoutes({ verbs, flags, closing }: AppDeps) {
  function routesOf<Result extends object>(kind: Kind, parseResult: (result: unknown) => Result) {
    return {
      async create(call: Call) {
        // The synchronous form tells nobody later; its input has no such field.
        const request = toSubmitRequest(kind, { ...call, body: { ...call.body, callbackUrl: undefined } });
        const submitted = await verbs.generate({ ...request, closing });
        tellReplay(submitted, call.res);
        const result = parseResult(await verbs.presentResult(submitted.job));
        return { status: 200 as const, body: { success: true as const, ...result } };
      },
      async createAsync(call: Call) {
        if (!flags.isAsyncEnabled) {
          const words = `Async queues are not enabled on this service (ENABLE_ASYNC_QUEUES=false): use POST /${kind}.`;
          throw new AppError("async_disabled", words);
        }
        const submitted = await verbs.submitJob(toSubmitRequest(kind, call));
        tellReplay(submitted, call.res);
        const { id, seed } = submitted.job;
        const pollUrl = `/jobs/${kind}/${id}`;
        call.res.setHeader("Location", pollUrl);
        return { status: 202 as const, body: { status: "queued" as const, jobId: id, pollUrl, seed } };
      },
    };
  }

  return {
    portrait: routesOf("portrait", pictureResult.parse),
    image: routesOf("image", pictureResult.parse),
    tts: routesOf("tts", mediaResult.parse),
    lipsync: routesOf("lipsync", mediaResult.parse),
  };
}
