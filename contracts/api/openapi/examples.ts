import type { ErrorBody, ErrorCode } from "../src/errors.ts";
import type { ProductJob, QueuedJob } from "../src/jobs.ts";
import type { PictureResult } from "../src/results.ts";
import type { BackendStatusBody } from "../src/v1/admin.ts";
import type { V1Asset } from "../src/v1/asset-schemas.ts";
import type { Batch } from "../src/v1/batch-schemas.ts";
import type { V1Job } from "../src/v1/job-schemas.ts";
import type { ApiKeyBody } from "../src/v1/key-schemas.ts";
import type { V1Upload } from "../src/v1/upload-schemas.ts";

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
  408: error("request_timeout", "The body was silent for 30 s, so it was given up."),
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

const v1Job: V1Job = {
  id: jobId,
  job_id: jobId,
  workflow: "portrait",
  status: "pending",
  createdAt: "2026-01-01T12:00:00.000Z",
  seed: 42,
  priority: 0,
  progress: { value: 0 },
  key: "key-6f1ed002ab559585",
  metadata: { order: "4711" },
};

const completedV1Job: V1Job = {
  ...v1Job,
  status: "completed",
  startedAt: "2026-01-01T12:00:01.000Z",
  progress: { value: 1 },
  result,
  completedAt: "2026-01-01T12:00:07.000Z",
};

const batch: Batch = {
  id: "019ac1f0-0000-7000-8000-000000000002",
  workflow: "portrait",
  status: "processing",
  createdAt: "2026-01-01T12:00:00.000Z",
  progress: 0.625,
  counts: { pending: 0, processing: 1, completed: 1, failed: 0, cancelled: 0 },
  jobs: [
    { id: jobId, index: 0, status: "completed", progress: 1, seed: 1 },
    { id: "019ac1f0-0000-7000-8000-000000000003", index: 1, status: "processing", progress: 0.25, seed: 2 },
  ],
};

const backend: BackendStatusBody = { id: "gpu-1", isReachable: true, isDrained: false, slots: 1, latencyMs: 4 };

const v1Asset: V1Asset = {
  ...asset,
  source: "output",
  sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  createdAt: "2026-01-01T12:00:07.000Z",
  jobId,
};

const broughtAsset: V1Asset = { ...asset, source: "upload", sha256: v1Asset.sha256, createdAt: v1Asset.createdAt };

const upload: V1Upload = {
  id: "019ac1f0-0000-7000-8000-000000000005",
  status: "open",
  name: "voice.wav",
  sizeBytes: 9_437_184,
  partSizeBytes: 8_388_608,
  receivedBytes: 0,
  parts: [8_388_608, 1_048_576].map((sizeBytes, index) => ({
    n: index + 1,
    sizeBytes,
    isReceived: false,
    url: `https://comfy.example.com/api/v1/uploads/019ac1f0-0000-7000-8000-000000000005/parts/${index + 1}?expires=1764043200&key=k1&sig=…`,
  })),
  expiresAt: "2026-01-02T00:00:00.000Z",
};

const apiKey: ApiKeyBody = {
  id: "019ac1f0-0000-7000-8000-000000000005",
  name: "render farm",
  mode: "signed",
  hint: "h6pQ",
  scopes: ["generate", "read", "upload"],
  tier: "pro",
  status: "active",
  madeBy: "key-6f1ed002ab559585",
  createdAt: "2026-01-01T12:00:00.000Z",
};

const keySecrets = {
  secret: "comfy_secret_pQ3vT1xk0wJv9m2bZ8yLr5cN7dF4hG6sA1eUoIiXqWE",
  webhookSecret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=",
};

const examples: Readonly<Record<string, unknown>> = {
  "v1AuthKeysCreate 201": { ...apiKey, key: "comfy_key_4fT9wZ1bQmX8cV2nL7kJ5hG3dS6aPh6pQ", ...keySecrets },
  "v1AuthKeysList 200": { keys: [{ ...apiKey, lastUsedAt: "2026-01-02T08:30:00.000Z" }] },
  "v1AuthKeysRotate 200": {
    ...apiKey,
    rotatedAt: "2026-01-03T09:00:00.000Z",
    previousUntil: "2026-01-04T09:00:00.000Z",
    ...keySecrets,
  },
  "v1JobsCreate 201": v1Job,
  "v1JobsList 200": { jobs: [completedV1Job], nextCursor: "4711" },
  "v1JobsRead 200": completedV1Job,
  "v1JobsTicket 201": { ticket: "pQ3vT1xk0wJv9m2bZ8yLr5cN7dF4hG6sA1eUoIiXqWE", expiresIn: 60 },
  "v1JobsRetry 201": { ...v1Job, retryOf: "019ac1f0-0000-7000-8000-000000000004" },
  "v1Generate 200": completedV1Job,
  "v1BatchesCreate 201": batch,
  "v1BatchesRead 200": batch,
  "v1AdminBackends 200": { backends: [backend] },
  "portraitCreate 200": { success: true, ...result },
  "jobsRead 200": completeJob,
  "outputsUpload 201": asset,
  "v1UploadsCreate 201": upload,
  "v1UploadsRead 200": upload,
  "v1UploadsComplete 201": broughtAsset,
  "v1UploadsFetch 201": { ...broughtAsset, source: "url" },
  "v1UploadsPutPart 200": { n: 1, sizeBytes: 8_388_608, sha256: v1Asset.sha256 },
  "v1AssetsList 200": { assets: [v1Asset], nextCursor: "1767268807000000_019ac1f0-0000-7000-8000-000000000001" },
  "v1AssetsRead 200": {
    ...v1Asset,
    provenance: {
      ...{ workflow: "portrait", version: 1, seed: 42, model: "flux-schnell", prompt: result.prompt },
      input: { positive: result.prompt, width: 768, height: 1024, steps: 4 },
    },
  },
  "v1AssetsSign 200": { url: asset.url, expiresAt: "2026-01-02T12:00:00.000Z" },
};

/** An answer that went well, by the operation's name; undefined where the schema says it all. */
export function exampleOf(operation: string, status: number): unknown {
  return operation.endsWith("CreateAsync") && status === 202 ? queued : examples[`${operation} ${status}`];
}
