/** The SDK of the Comfy service: typed generations, durable jobs, signed requests. */
export * from "./call-service.ts";
export { type Answer, ComfyClient, type RunOptions } from "./client.ts";
export {
  APIError,
  AuthenticationError,
  BadRequestError,
  ComfyError,
  ConfigError,
  ConflictError,
  ConnectionError,
  JobCanceledError,
  JobError,
  JobFailedError,
  JobLostError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  ServerError,
  TimeoutError,
} from "./errors.ts";
export type * from "./generated/types.ts";
export type { Job } from "./job.ts";
export type { JobEvent, JobStatus, WaitOptions } from "./job-events.ts";
export type { CallOptions, ClientOptions, FetchLike, Hooks, Logger, LogLevel, SubmitOptions } from "./options.ts";
export type { RateLimit } from "./rate-limit.ts";
export type { Reply } from "./transport.ts";
