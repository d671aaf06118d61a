import { ComfyClient } from "./client.ts";
import { APIError, ComfyError, JobLostError, NotFoundError, TimeoutError } from "./errors.ts";
import type {
  ImageInput,
  LipsyncInput,
  MediaResult,
  PictureResult,
  PortraitInput,
  TtsInput,
} from "./generated/types.ts";
import { fieldOf } from "./parsed-body.ts";

/** What {@link callService} gives: it never throws. */
export interface ServiceAnswer<Data> {
  success: boolean;
  data?: Data;
  error?: string;
}

/** What {@link submitAsyncJob} gives: it never throws. */
export interface SubmittedJob {
  success: boolean;
  jobId?: string;
  pollUrl?: string;
  error?: string;
}

export type PortraitParams = PortraitInput;
export type ImageParams = ImageInput;
export type TTSParams = TtsInput;
export type LipsyncParams = LipsyncInput;
export type PortraitResponse = PictureResult & { success: true };
export type ImageResponse = PortraitResponse;
export type TTSResponse = MediaResult & { success: true };
export type LipsyncResponse = TTSResponse;

const SERVICE_TIMEOUT_MS = 300_000;

// These functions carry no client, so they share one. It is made at the first call; it neither retries nor throttles, because their
// callers were written for a plain fetch and see every refusal at once.
let shared: ComfyClient | undefined;
function readShared(): ComfyClient {
  shared ??= new ComfyClient({ maxRetries: 0, throttle: false, timeoutMs: SERVICE_TIMEOUT_MS });
  return shared;
}

function toSentence(error: unknown): string {
  if (error instanceof TimeoutError) return "Generation timed out";
  if (!(error instanceof APIError)) return error instanceof Error ? error.message : "Unknown error";
  if (error.status === 429) return `Rate limited. Reset at ${error.headers.get("X-RateLimit-Reset")}`;
  if (error.status < 300) return error.message;
  return String(fieldOf(error.body, "error") || `Error: ${error.status}`);
}

/** Posts to an endpoint and waits up to five minutes for its answer. Warns when fewer than five requests are left. */
export async function callService<Data>(endpoint: string, body: object): Promise<ServiceAnswer<Data>> {
  const client = readShared();
  try {
    const { data, response } = await client.request<Data>("POST", endpoint, body).withResponse();
    const remaining = response.headers.get("X-RateLimit-Remaining");
    if (remaining && Number.parseInt(remaining, 10) < 5) {
      // biome-ignore lint/suspicious/noConsole: the function this replaces warns here, and people look for that line.
      console.warn(`Rate limit warning: ${remaining} requests remaining`);
    }
    return { success: true, data };
  } catch (error) {
    return { success: false, error: toSentence(error) };
  }
}

/** Queues a job; poll its `pollUrl` with {@link pollJob}. */
export async function submitAsyncJob(endpoint: string, body: object): Promise<SubmittedJob> {
  const { success, data, error } = await callService<{ jobId: string; pollUrl: string }>(`${endpoint}/async`, body);
  if (!success || !data) return error === undefined ? { success: false } : { success: false, error };
  return { success: true, jobId: data.jobId, pollUrl: data.pollUrl };
}

/**
 * Reads a job until it ends and gives what the wire calls `result`: the envelope `{ status, result }`, not the result in it.
 * Throws when the job failed or was cancelled, when the key is refused, or after `maxAttempts` reads.
 */
export async function pollJob<Result>(pollUrl: string, maxAttempts = 60, intervalMs = 5000): Promise<Result> {
  let unknownReads = 0;
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    let pauseMs = intervalMs;
    try {
      const job = await readShared().request<{ status?: string; result?: Result; error?: string }>("GET", pollUrl);
      unknownReads = 0;
      if (job?.status === "complete") return job.result as Result;
      if (job?.status === "failed" || job?.status === "cancelled") throw new Error(job.error || "Job failed");
    } catch (error) {
      unknownReads = error instanceof NotFoundError ? unknownReads + 1 : 0;
      if (unknownReads >= 3)
        throw new JobLostError(`The service does not know the job at ${pollUrl}.`, { code: "job_lost", cause: error });
      const isRefused = error instanceof APIError && error.status < 500 && ![404, 408, 429].includes(error.status);
      if (isRefused || !ComfyError.is(error)) throw error;
      pauseMs = Math.max(intervalMs, (error instanceof APIError && error.retryAfterMs) || 0);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  throw new Error("Job polling timeout");
}

/** `POST /portrait`; waits for the picture. */
export const generatePortrait = (params: PortraitParams) => callService<PortraitResponse>("/portrait", params);
/** `POST /portrait/async`. */
export const generatePortraitAsync = (params: PortraitParams) => submitAsyncJob("/portrait", params);
/** `POST /image`; waits for the picture. */
export const generateImage = (params: ImageParams) => callService<ImageResponse>("/image", params);
/** `POST /image/async`. */
export const generateImageAsync = (params: ImageParams) => submitAsyncJob("/image", params);
/** `POST /tts`; waits for the speech. */
export const generateTTS = (params: TTSParams) => callService<TTSResponse>("/tts", params);
/** `POST /tts/async`. */
export const generateTTSAsync = (params: TTSParams) => submitAsyncJob("/tts", params);
/** `POST /lipsync`; waits for the video. */
export const generateLipsync = (params: LipsyncParams) => callService<LipsyncResponse>("/lipsync", params);
/** `POST /lipsync/async`. */
export const generateLipsyncAsync = (params: LipsyncParams) => submitAsyncJob("/lipsync", params);
