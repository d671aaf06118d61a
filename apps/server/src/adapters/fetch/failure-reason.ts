import { OutgoingError } from "./url-policy.ts";

const reasons: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: "the server did not answer in time",
  UND_ERR_HEADERS_TIMEOUT: "the server did not answer in time",
  UND_ERR_BODY_TIMEOUT: "the server was silent for too long",
  UND_ERR_HEADERS_OVERFLOW: "the server sent too large headers",
  ENOTFOUND: "the name was not found",
  ENODATA: "the name was not found",
  ESERVFAIL: "the name was not found",
  ETIMEOUT: "the name was not found in time",
  ECONNREFUSED: "the server refused the connection",
};

/** Why an outgoing request failed, as half a sentence. System messages name addresses, so they are never shown. */
export function toFailureReason(error: unknown): string {
  if (error instanceof OutgoingError) return error.message;
  if (!(error instanceof Error)) return "the connection broke";
  if (error.name === "TimeoutError") return "it took too long";
  if (error instanceof AggregateError) return toFailureReason(error.errors[0]);
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code)) return "its certificate is not valid";
  return Object.hasOwn(reasons, code) ? (reasons[code] ?? "") : "the connection broke";
}
