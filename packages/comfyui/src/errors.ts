/** What went wrong between us and a server. What a graph did wrong is never an error but an outcome. */
export type ComfyUiErrorCode =
  | "unreachable"
  | "timeout"
  | "server_error"
  | "refused"
  | "unreadable"
  | "file_gone"
  | "truncated"
  | "closed";

const sentences: Readonly<Record<ComfyUiErrorCode, { readonly sentence: string; readonly isRetryable: boolean }>> = {
  unreachable: { sentence: "The renderer cannot be reached.", isRetryable: true },
  timeout: { sentence: "The renderer did not answer in time.", isRetryable: true },
  server_error: { sentence: "The renderer reported an internal error.", isRetryable: true },
  refused: { sentence: "The renderer refused the request.", isRetryable: false },
  unreadable: { sentence: "The renderer's answer could not be understood.", isRetryable: false },
  file_gone: { sentence: "The file is no longer on the renderer.", isRetryable: false },
  truncated: { sentence: "The file arrived from the renderer incomplete.", isRetryable: true },
  closed: { sentence: "The connection to the renderer was closed by this program.", isRetryable: false },
};

export interface ComfyUiErrorOptions {
  readonly cause?: unknown;
  /** HTTP status, when there was an answer. */
  readonly status?: number;
  /** True when the request certainly never left: nothing can have happened on the server. */
  readonly isUnsent?: boolean;
}

/**
 * An error with two halves: `message` says what really happened (method, path, status; for logs) and `publicMessage` is a sentence
 * without addresses or names of files, for anyone.
 */
export class ComfyUiError extends Error {
  readonly code: ComfyUiErrorCode;
  readonly publicMessage: string;
  readonly isRetryable: boolean;
  readonly status: number | undefined;
  readonly isUnsent: boolean;

  constructor(code: ComfyUiErrorCode, message: string, options: ComfyUiErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "ComfyUiError";
    this.code = code;
    this.publicMessage = sentences[code].sentence;
    this.isRetryable = sentences[code].isRetryable;
    this.status = options.status;
    this.isUnsent = options.isUnsent ?? false;
  }
}

const unsentCodes = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_HAS_EXPIRED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);
const timeoutCodes = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "UND_ERR_CONNECT_TIMEOUT"]);

const textOf = (thrown: unknown, key: "code" | "syscall" | "name"): string => {
  const value: unknown = typeof thrown === "object" && thrown !== null ? Reflect.get(thrown, key) : undefined;
  return typeof value === "string" ? value : "";
};

// A connection that was reset after it stood says `read` or `write`; only `connect` and name look-ups prove that nothing was sent.
const isUnsent = (thrown: unknown): boolean =>
  unsentCodes.has(textOf(thrown, "code")) || ["connect", "getaddrinfo"].includes(textOf(thrown, "syscall"));

/** Anything an HTTP request throws, as a {@link ComfyUiError} about `what` (for example `GET /queue`). */
export function toComfyUiError(thrown: unknown, what: string): ComfyUiError {
  if (thrown instanceof ComfyUiError) return thrown;
  const code = textOf(thrown, "code");
  const reason = code || (thrown instanceof Error ? thrown.message : String(thrown));
  if (code === "UND_ERR_DESTROYED" || code === "UND_ERR_CLOSED") {
    return new ComfyUiError("closed", `${what}: the client was closed.`, { cause: thrown });
  }
  if (isUnsent(thrown)) {
    return new ComfyUiError("unreachable", `${what}: no connection (${reason}).`, { cause: thrown, isUnsent: true });
  }
  const isTimeout = timeoutCodes.has(code) || textOf(thrown, "name") === "TimeoutError";
  if (isTimeout) return new ComfyUiError("timeout", `${what}: no answer in time (${reason}).`, { cause: thrown });
  return new ComfyUiError("unreachable", `${what}: the connection was lost (${reason}).`, { cause: thrown });
}

/** The error of an HTTP status that is not a success. */
export function toStatusError(status: number, what: string, body = ""): ComfyUiError {
  const excerpt = body.slice(0, 200).trim();
  const message = `${what}: status ${status}${excerpt ? ` (${excerpt})` : ""}.`;
  return new ComfyUiError(status >= 500 ? "server_error" : "refused", message, { status });
}
