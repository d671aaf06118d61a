import * as z from "zod";

/** Every error code of the service and the HTTP status it is answered with. The only place where the two meet. */
export const errorStatus = {
  invalid_json: 400,
  invalid_input: 400,
  missing_api_key: 401,
  invalid_api_key: 401,
  missing_timestamp: 401,
  invalid_timestamp: 401,
  signature_expired: 401,
  missing_signature: 401,
  invalid_signature: 401,
  signature_replayed: 401,
  unsupported_signature_version: 401,
  missing_nonce: 401,
  missing_content_sha256: 401,
  invalid_ticket: 401,
  invalid_token: 401,
  token_expired: 401,
  token_reused: 401,
  invalid_credentials: 401,
  link_invalid: 403,
  link_expired: 403,
  access_denied: 403,
  registration_closed: 403,
  account_disabled: 403,
  not_found: 404,
  job_not_found: 404,
  batch_not_found: 404,
  backend_not_found: 404,
  key_not_found: 404,
  user_not_found: 404,
  asset_not_found: 404,
  upload_not_found: 404,
  webhook_not_found: 404,
  delivery_not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  job_already_finished: 409,
  job_not_finished: 409,
  no_result: 409,
  webhook_limit: 409,
  upload_limit: 409,
  upload_incomplete: 409,
  upload_completed: 409,
  asset_in_use: 409,
  key_limit: 409,
  email_taken: 409,
  last_admin: 409,
  webhook_disabled: 409,
  cancelled: 409,
  payload_too_large: 413,
  image_too_large: 413,
  unsupported_media_type: 415,
  range_not_satisfiable: 416,
  idempotency_key_reused: 422,
  missing_model: 422,
  missing_node: 422,
  voice_text_required: 422,
  media_unusable: 422,
  digest_mismatch: 422,
  rate_limited: 429,
  generations_exhausted: 429,
  concurrency_limit: 429,
  headers_too_large: 431,
  generation_failed: 500,
  backend_crashed: 500,
  internal_error: 500,
  output_unavailable: 502,
  async_disabled: 503,
  draining: 503,
  no_backend: 503,
  unavailable: 503,
  master_key_missing: 503,
  deadline_exceeded: 504,
} as const;

export type ErrorCode = keyof typeof errorStatus;

/** One field of the input that was refused; `details` of an `invalid_input` error is a list of these. */
export const invalidField = z
  .object({
    path: z.string().describe("Where: `description`, `?wait`, the name of a header, or empty for the body as a whole."),
    message: z.string().describe("What was expected and what came."),
  })
  .meta({ id: "InvalidField" });
export type InvalidField = z.infer<typeof invalidField>;

export const errorBody = z
  .object({
    error: z.string().describe("What went wrong, as a sentence for a person."),
    code: z.string().describe("The stable name of the error, for programs."),
    requestId: z.string().describe("Quote this when asking for help; it is also the `X-Request-Id` header."),
    details: z
      .unknown()
      .optional()
      .describe("What a program may need beside the sentence; with `invalid_input` a list of InvalidField."),
    jobId: z.string().optional().describe("The job this error is about, when it exists and can be polled."),
    pollUrl: z.string().optional().describe("Where that job can be read."),
    retryAfter: z.number().optional().describe("Seconds to wait before trying again."),
  })
  .meta({ id: "Error" });
export type ErrorBody = z.infer<typeof errorBody>;
