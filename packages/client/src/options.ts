import type { ComfyError } from "./errors.ts";

/** The one function this package calls to reach the network. `globalThis.fetch` fits. */
export type FetchLike = (url: string, init?: RequestInit) => Promise<Response>;

/** Where log lines go. `console` fits. */
export type Logger = Record<"debug" | "info" | "warn" | "error", (message: string) => void>;
export type LogLevel = keyof Logger | "off";

/** Called around every attempt; for tracing and metrics. They see no headers, so they cannot leak a secret. */
export interface Hooks {
  onRequest?(event: { method: string; url: string; attempt: number }): void;
  onResponse?(event: {
    method: string;
    url: string;
    attempt: number;
    status: number;
    durationMs: number;
    requestId: string | undefined;
  }): void;
  onRetry?(event: { method: string; url: string; attempt: number; delayMs: number; error: ComfyError }): void;
}

/** Everything is optional: what is absent is read from the environment or has a default. */
export interface ClientOptions {
  /** Where the service is, path prefix included. Default: `COMFYUI_SERVICE_URL`. In a browser it may be a path: `/api/comfy`. */
  baseUrl?: string | undefined;
  /** Default: `COMFYUI_API_KEY`. */
  apiKey?: string | undefined;
  /** The signing secret, or a function asked for it before every attempt (rotation). Default: `COMFYUI_API_SECRET`. */
  apiSecret?: string | (() => string | Promise<string>) | undefined;
  /** Milliseconds one call may take, retries included. Default 60 000. */
  timeoutMs?: number | undefined;
  /** Milliseconds a wait for a job may take. Default 600 000. */
  waitTimeoutMs?: number | undefined;
  /** Further attempts after the first. Default 2. */
  maxRetries?: number | undefined;
  /** Hold calls back while the window is known to be exhausted. Default true. */
  throttle?: boolean | undefined;
  /** Default: `globalThis.fetch`, looked up at each call. */
  fetch?: FetchLike | undefined;
  /** Sent with every request. They cannot replace the signature. */
  headers?: Record<string, string> | undefined;
  hooks?: Hooks | undefined;
  /** Default: `console`. */
  logger?: Logger | undefined;
  /** Default: `COMFY_LOG`, else `warn`. */
  logLevel?: LogLevel | undefined;
  /** `v2` (default) covers method, path and body; `v1` is the first scheme; `auto` falls back to v1 when a service refuses v2. */
  signing?: "v1" | "v2" | "auto" | undefined;
  /** Lets a secret be used where everyone can read it. Default false. */
  dangerouslyAllowBrowser?: boolean | undefined;
}

/** What each call may say. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
  maxRetries?: number | undefined;
  headers?: Record<string, string> | undefined;
  /** Two calls with the same key make one job. Default: a random one per call. */
  idempotencyKey?: string | undefined;
}

/** What a submission may say. */
export interface SubmitOptions extends CallOptions {
  /** Where one signed POST is sent when the job ends. */
  webhookUrl?: string | undefined;
}
