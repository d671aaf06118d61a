import type { ErrorBody, ErrorCode } from "../src/errors.ts";
import type { QueuedJob } from "../src/jobs.ts";

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

export const queuedExample: QueuedJob = { status: "queued", jobId, pollUrl };
