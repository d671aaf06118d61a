// Generated from @comfy/contracts by `npm run generate`. Change the contract, not this file.

/** A file on its way in: an https URL, an upload id, an asset id, a `localPath` of an earlier result, or bytes to upload. */
export type MediaInput = string | Blob | Uint8Array;

/** `ImageInput` as it is on the wire. */
export interface ImageInput {
  /** What the picture shows. */
  prompt: string;
  /** What must not appear; models that run without guidance ignore it. */
  negative_prompt?: string | undefined;
  /** Pixels; rounded down to the model's grid. Default 1024. */
  width?: number | undefined;
  /** Pixels; rounded down to the model's grid. Default 1024. */
  height?: number | undefined;
  /** Sampling steps. Default: the model's own (4 for schnell, 25 for SDXL). */
  steps?: number | undefined;
  /** Guidance. Default: the model's own (1 for schnell, 6.5 for SDXL). */
  cfg_scale?: number | undefined;
  /** A ComfyUI sampler name, e.g. `euler` or `dpmpp_2m`. */
  sampler?: string | undefined;
  /** A ComfyUI scheduler name, e.g. `simple` or `karras`. */
  scheduler?: string | undefined;
  /** `flux-schnell` (default), `flux-schnell-fp8` or `sdxl`. */
  model?: string | undefined;
  /** Random seed. -1 or absent: chosen at random; the seed used is always reported in the result. */
  seed?: number | undefined;
  /** `false` keeps the outputs out of the cloud store. Absent means true. */
  upload_to_cloud?: boolean | undefined;
}

/** `LipsyncInput` as it is on the wire. */
export interface LipsyncInput {
  /** The face: an https URL, an upload id, an asset id, or a server path (`localPath`) of an earlier result. */
  portrait_image: MediaInput;
  /** The speech: an https URL, an upload id, an asset id, or a server path (`localPath`) of an earlier result. */
  audio: MediaInput;
  /** The lip-sync model. Default `sonic`. */
  model?: "sonic" | undefined;
  /** Random seed. -1 or absent: chosen at random; the seed used is always reported in the result. */
  seed?: number | undefined;
  /** `false` keeps the outputs out of the cloud store. Absent means true. */
  upload_to_cloud?: boolean | undefined;
}

/** `PortraitInput` as it is on the wire. */
export interface PortraitInput {
  /** Who is in the picture, in plain words. */
  description: string;
  /** `realistic` (default), `cinematic`, `anime`, `painting`, `sketch`, `3d`, or words of your own. */
  style?: string | undefined;
  /** Facial expression, e.g. `smiling`. */
  expression?: string | undefined;
  /** e.g. `female`; left to the description when absent. */
  gender?: string | undefined;
  /** What must not appear; models that run without guidance ignore it. */
  negative_prompt?: string | undefined;
  /** Pixels; rounded down to the model's grid. Default 768. */
  width?: number | undefined;
  /** Pixels; rounded down to the model's grid. Default 1024. */
  height?: number | undefined;
  /** `flux-schnell` (default), `flux-schnell-fp8` or `sdxl`. */
  model?: string | undefined;
  /** Random seed. -1 or absent: chosen at random; the seed used is always reported in the result. */
  seed?: number | undefined;
  /** `false` keeps the outputs out of the cloud store. Absent means true. */
  upload_to_cloud?: boolean | undefined;
}

/** `TtsInput` as it is on the wire. */
export interface TtsInput {
  /** What is said. */
  text: string;
  /** A recording of the voice to use (5–15 s): URL, upload id, asset id or server path. Absent: the voice shipped with the workflow. */
  voice_reference?: MediaInput | undefined;
  /** Exactly what is said in `voice_reference`; required with it, because the model aligns the two. */
  voice_text?: string | undefined;
  /** 1 is natural, above 1 is faster. Default 1. */
  speed?: number | undefined;
  /** Random seed. -1 or absent: chosen at random; the seed used is always reported in the result. */
  seed?: number | undefined;
  /** `false` keeps the outputs out of the cloud store. Absent means true. */
  upload_to_cloud?: boolean | undefined;
}

/** `Asset` as it is on the wire. */
export interface Asset {
  /** Asset id; accepted in every media field. */
  id: string;
  /** File name. */
  name: string;
  /** Media type, e.g. `image/png`. */
  type: string;
  /** Size of the file in bytes. */
  sizeBytes: number;
  /** Signed link, good for at least an hour. */
  url: string;
  /** Virtual path `/outputs/<asset>/<name>`; accepted back in every media field. */
  localPath: string;
}

/** `CallbackBody` as it is on the wire. */
export interface CallbackBody {
  status: "complete" | "failed";
  /** The job's id. */
  requestId: string;
  jobId: string;
  result?: {
    status: "complete";
    result: PictureResult | MediaResult;
  };
  error?: string;
  code?: string;
}

/** `CompleteJob` as it is on the wire. */
export interface CompleteJob {
  id: string;
  /** ISO 8601, UTC. */
  createdAt: string;
  progress?: JobProgress;
  /** The seed the job runs with. */
  seed?: number;
  status: "complete";
  /** The nesting is part of the wire: `result.result` holds the result. */
  result: {
    status: "complete";
    result: PictureResult | MediaResult;
  };
  /** ISO 8601, UTC. */
  completedAt: string;
}

/** `Error` as it is on the wire. */
export interface ErrorBody {
  /** What went wrong, as a sentence for a person. */
  error: string;
  /** The stable name of the error, for programs. */
  code: string;
  /** Quote this when asking for help; it is also the `X-Request-Id` header. */
  requestId: string;
  /** What a program may need beside the sentence; with `invalid_input` a list of InvalidField. */
  details?: unknown;
  /** The job this error is about, when it exists and can be polled. */
  jobId?: string;
  /** Where that job can be read. */
  pollUrl?: string;
  /** Seconds to wait before trying again. */
  retryAfter?: number;
}

/** `FailedJob` as it is on the wire. */
export interface FailedJob {
  id: string;
  /** ISO 8601, UTC. */
  createdAt: string;
  progress?: JobProgress;
  /** The seed the job runs with. */
  seed?: number;
  status: "failed" | "cancelled";
  /** What went wrong, as a sentence. */
  error: string;
  /** The stable name of the error. */
  code: string;
  /** For a node that raised: its id, class and exception. */
  details?: unknown;
  /** ISO 8601, UTC. */
  completedAt?: string;
}

/** `Health` as it is on the wire. */
export interface Health {
  /** `degraded`: the service works, the GPU is away. */
  status: "healthy" | "degraded" | "unhealthy";
  gpu: {
    reachable: boolean;
    name?: string;
    /** True when an emulator answers instead of a GPU. */
    simulated?: boolean;
    version?: string;
    vramTotalBytes?: number;
    vramFreeBytes?: number;
  };
  /** Milliseconds of the last look at the GPU. */
  latency_ms: number;
  version: string;
  /** `process`: the embedded database survives a crash of the process, not a power cut. `server`: PostgreSQL. */
  durability: "process" | "server";
}

/** `Job` as it is on the wire. */
export type JobSnapshot = WaitingJob | CompleteJob | FailedJob;

/** `JobEvent` as it is on the wire. */
export type WireEvent = {
  type: "queued";
  position?: number;
} | {
  type: "running";
} | {
  type: "progress";
  /** 0 to 1; never goes down. */
  value: number;
  /** The node that is running. */
  node?: string;
  /** Step of that node. */
  step?: number;
  /** Steps of that node. */
  steps?: number;
  /** Seconds that renders like this one still took from here; absent where nothing like it was rendered yet. */
  etaSeconds?: number;
} | {
  type: "preview";
  /** `image/jpeg` or `image/png`. */
  mediaType: string;
  /** The picture in base64. */
  data: string;
} | {
  type: "completed";
  result: PictureResult | MediaResult;
} | {
  type: "failed";
  error: string;
  code: string;
  details?: unknown;
} | {
  type: "cancelled";
};

/** `JobProgress` as it is on the wire. */
export interface JobProgress {
  /** 0 to 1; never goes down. */
  value: number;
  /** The node that is running. */
  node?: string;
  /** Step of that node. */
  step?: number;
  /** Steps of that node. */
  steps?: number;
  /** Seconds that renders like this one still took from here; absent where nothing like it was rendered yet. */
  etaSeconds?: number;
}

/** `JobWebhookBody` as it is on the wire. */
export interface JobWebhookBody {
  type: "job.completed" | "job.failed" | "job.cancelled";
  /** When it happened: the same over all tries. ISO 8601, UTC. */
  timestamp: string;
  data: V1Job;
}

/** `MediaResult` as it is on the wire. */
export interface MediaResult {
  /** Virtual path of the first output; accepted back in every media field. */
  localPath: string;
  /** Signed link to the first output, good for at least an hour. */
  signedUrl: string;
  /** The job's id. */
  taskId: string;
  /** The seed that was used. */
  seed: number;
  /** Every output, the first one first. */
  assets: Asset[];
  /** The model that rendered. */
  model: string;
}

/** `PictureResult` as it is on the wire. */
export interface PictureResult {
  /** Virtual path of the first output; accepted back in every media field. */
  localPath: string;
  /** Signed link to the first output, good for at least an hour. */
  signedUrl: string;
  /** The job's id. */
  taskId: string;
  /** The seed that was used. */
  seed: number;
  /** Every output, the first one first. */
  assets: Asset[];
  /** The words the model was given. */
  prompt: string;
  /** The model that rendered. */
  model: string;
}

/** `QueuedJob` as it is on the wire. */
export interface QueuedJob {
  status: "queued";
  jobId: string;
  /** Path of the job, e.g. `/jobs/portrait/<id>`. */
  pollUrl: string;
  seed?: number;
}

/** `TestWebhookBody` as it is on the wire. */
export interface TestWebhookBody {
  type: "webhook.test";
  /** When it happened: the same over all tries. ISO 8601, UTC. */
  timestamp: string;
  data: {
    webhookId: string;
    deliveryId: string;
  };
}

/** `V1CompletedJob` as it is on the wire. */
export interface V1CompletedJob {
  id: string;
  /** The same as `id`, for older clients. */
  job_id: string;
  workflow: string;
  /** ISO 8601, UTC. */
  createdAt: string;
  /** When it was first taken up. ISO 8601, UTC. */
  startedAt?: string;
  /** The seed the job runs with. */
  seed: number;
  priority: number;
  progress: JobProgress;
  /** The id of the API key that made it. */
  key: string;
  metadata?: Record<string, unknown>;
  /** The batch it belongs to. */
  batchId?: string;
  /** The job it tries again. */
  retryOf?: string;
  /** The job that tries it again. */
  retriedBy?: string;
  status: "completed";
  /** Absent when its files were deleted. */
  result?: PictureResult | MediaResult;
  /** ISO 8601, UTC. */
  completedAt: string;
}

/** `V1FailedJob` as it is on the wire. */
export interface V1FailedJob {
  id: string;
  /** The same as `id`, for older clients. */
  job_id: string;
  workflow: string;
  /** ISO 8601, UTC. */
  createdAt: string;
  /** When it was first taken up. ISO 8601, UTC. */
  startedAt?: string;
  /** The seed the job runs with. */
  seed: number;
  priority: number;
  progress: JobProgress;
  /** The id of the API key that made it. */
  key: string;
  metadata?: Record<string, unknown>;
  /** The batch it belongs to. */
  batchId?: string;
  /** The job it tries again. */
  retryOf?: string;
  /** The job that tries it again. */
  retriedBy?: string;
  status: "failed" | "cancelled";
  /** What went wrong, as a sentence. */
  error: string;
  /** The stable name of the error; `deadline_exceeded` for a job that outlived its deadline. */
  code: string;
  /** For a node that raised: its id, class and exception. */
  details?: unknown;
  /** ISO 8601, UTC. */
  completedAt: string;
}

/** `V1Job` as it is on the wire. */
export type V1Job = V1WaitingJob | V1CompletedJob | V1FailedJob;

/** `V1WaitingJob` as it is on the wire. */
export interface V1WaitingJob {
  id: string;
  /** The same as `id`, for older clients. */
  job_id: string;
  workflow: string;
  /** ISO 8601, UTC. */
  createdAt: string;
  /** When it was first taken up. ISO 8601, UTC. */
  startedAt?: string;
  /** The seed the job runs with. */
  seed: number;
  priority: number;
  progress: JobProgress;
  /** The id of the API key that made it. */
  key: string;
  metadata?: Record<string, unknown>;
  /** The batch it belongs to. */
  batchId?: string;
  /** The job it tries again. */
  retryOf?: string;
  /** The job that tries it again. */
  retriedBy?: string;
  status: "pending" | "processing";
  /** Why no GPU has taken it yet, as a sentence. */
  waitingReason?: string;
}

/** `WaitingJob` as it is on the wire. */
export interface WaitingJob {
  id: string;
  /** ISO 8601, UTC. */
  createdAt: string;
  progress?: JobProgress;
  /** The seed the job runs with. */
  seed?: number;
  status: "pending" | "processing";
}

/** `WebhookBody` as it is on the wire. */
export type WebhookBody = JobWebhookBody | TestWebhookBody;

/** What each kind takes. */
export interface Inputs {
  portrait: PortraitInput;
  image: ImageInput;
  tts: TtsInput;
  lipsync: LipsyncInput;
}

/** What each kind gives. */
export interface Results {
  portrait: PictureResult;
  image: PictureResult;
  tts: MediaResult;
  lipsync: MediaResult;
}

/** The kinds of generation the service knows. */
export type Kind = "portrait" | "image" | "tts" | "lipsync";

/** The stable names of the service's errors. A newer service may answer others. */
export type ErrorCode =
  | "invalid_json"
  | "invalid_input"
  | "missing_api_key"
  | "invalid_api_key"
  | "missing_timestamp"
  | "invalid_timestamp"
  | "signature_expired"
  | "missing_signature"
  | "invalid_signature"
  | "signature_replayed"
  | "unsupported_signature_version"
  | "missing_nonce"
  | "missing_content_sha256"
  | "invalid_ticket"
  | "invalid_token"
  | "token_expired"
  | "token_reused"
  | "invalid_credentials"
  | "link_invalid"
  | "link_expired"
  | "access_denied"
  | "registration_closed"
  | "account_disabled"
  | "not_found"
  | "job_not_found"
  | "batch_not_found"
  | "backend_not_found"
  | "key_not_found"
  | "user_not_found"
  | "asset_not_found"
  | "upload_not_found"
  | "webhook_not_found"
  | "delivery_not_found"
  | "method_not_allowed"
  | "request_timeout"
  | "job_already_finished"
  | "job_not_finished"
  | "no_result"
  | "webhook_limit"
  | "upload_limit"
  | "upload_incomplete"
  | "upload_completed"
  | "asset_in_use"
  | "key_limit"
  | "email_taken"
  | "last_admin"
  | "webhook_disabled"
  | "cancelled"
  | "payload_too_large"
  | "image_too_large"
  | "unsupported_media_type"
  | "range_not_satisfiable"
  | "idempotency_key_reused"
  | "missing_model"
  | "missing_node"
  | "voice_text_required"
  | "media_unusable"
  | "digest_mismatch"
  | "rate_limited"
  | "generations_exhausted"
  | "concurrency_limit"
  | "headers_too_large"
  | "generation_failed"
  | "backend_crashed"
  | "internal_error"
  | "output_unavailable"
  | "async_disabled"
  | "draining"
  | "no_backend"
  | "unavailable"
  | "master_key_missing"
  | "deadline_exceeded";
