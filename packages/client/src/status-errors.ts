import {
  APIError,
  type APIErrorFields,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  ServerError,
} from "./errors.ts";
import { textOf } from "./parsed-body.ts";

const CLASSES: Readonly<Record<number, typeof APIError>> = {
  400: BadRequestError,
  401: AuthenticationError,
  403: PermissionDeniedError,
  404: NotFoundError,
  409: ConflictError,
  422: BadRequestError,
  429: RateLimitError,
};

/** The error of an answer: its class from the status, its sentence and code from the body where it has them. */
export function toAPIError(fields: Omit<APIErrorFields, "code">): APIError {
  const { status, body, headers } = fields;
  const Class = CLASSES[status] ?? (status >= 500 ? ServerError : APIError);
  const message =
    textOf(body, "error") ?? `The service answered ${status} (${headers.get("content-type") ?? "no content"}).`;
  const isAsyncOff = status === 503 && /async/i.test(message);
  const code =
    textOf(body, "code") ?? (isAsyncOff ? "async_disabled" : status < 300 ? "invalid_response" : `http_${status}`);
  return new Class(message, { ...fields, code, jobId: textOf(body, "jobId") });
}
