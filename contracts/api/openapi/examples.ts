import type { ErrorBody, ErrorCode } from "../src/errors.ts";
import type { ProductJob, QueuedJob } from "../src/jobs.ts";
import type { PictureResult } from "../src/results.ts";

const requestId = "0f8fad5bd9cb469fa165";
const jobId = "019ac1f0-0000-7000-8000-000000000000";
const pollUrl = `/jobs/portrait/${jobId}`;

const error = (code: ErrorCode, sentence: string, rest: Partial<ErrorBody> = {}): ErrorBody => ({
  error: sentence,
  code,
  requestId,
  ...rest,
});

/** One example per error status: the sentences a caller really meets. */
export const errorExamples: Readonly<Record<number, ErrorBody>> = {
  400: error("invalid_input", "description: expected text, got nothing.", {
    details: [{ path: "description", message: "expected text, got nothing" }],
  }),
  401: error("missing_api_key", "Missing X-API-Key header"),
  403: error("link_expired", "This link has expired: read the job again for a new one."),
  404: error("job_not_found", "There is no such job."),
  409: error("job_already_finished", "The job has ended already: there is nothing to cancel."),
  413: error("payload_too_large", "The body is larger than the 1 MB that JSON may have."),
  415: error("unsupported_media_type", "Content-Type: expected application/json, got text/plain."),
  416: error("range_not_satisfiable", "The range lies outside the file."),
  422: error("missing_model", "No backend has the model flux1-schnell-Q4_K_S.gguf: put it into models/unet."),
  429: error("rate_limited", "Too many requests: 10 per minute are allowed. Try again in 12 s.", { retryAfter: 12 }),
  500: error("generation_failed", "Node 5 (KSampler) failed: not enough GPU memory.", { jobId, pollUrl }),
  502: error("output_unavailable", "The output is no longer where it was made."),
  503: error("no_backend", "No GPU is configured that could take this job.", { retryAfter: 5 }),
  504: error("deadline_exceeded", "The job takes longer than 285 s. It goes on: read it at its pollUrl.", {
    jobId,
    pollUrl,
  }),
};

const queued: QueuedJob = { status: "queued", jobId, pollUrl, seed: 42 };

const asset = {
  id: "019ac1f0-0000-7000-8000-000000000001",
  name: "portrait.png",
  type: "image/png",
  sizeBytes: 1_048_576,
  url: "https://comfy.example.com/outputs/019ac1f0-0000-7000-8000-000000000001/portrait.png?expires=1764003600&key=k1&sig=…",
  localPath: "/outputs/019ac1f0-0000-7000-8000-000000000001/portrait.png",
};

const result: PictureResult = {
  localPath: asset.localPath,
  signedUrl: asset.url,
  taskId: jobId,
  seed: 42,
  assets: [asset],
  prompt: "Portrait photograph of a Viking warrior, natural light",
  model: "flux-schnell",
};

const completeJob: ProductJob = {
  id: jobId,
  status: "complete",
  createdAt: "2026-01-01T12:00:00.000Z",
  progress: { value: 1 },
  seed: 42,
  result: { status: "complete", result },
  completedAt: "2026-01-01T12:00:07.000Z",
};

const examples: Readonly<Record<string, unknown>> = {
  "portraitCreate 200": { success: true, ...result },
  "jobsRead 200": completeJob,
  "outputsUpload 201": asset,
};

/** An answer that went well, by the operation's name; undefined where the schema says it all. */
export function exampleOf(operation: string, status: number): unknown {
  return status === 202 ? queued : examples[`${operation} ${status}`];
}
