import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { headerNames } from "@comfy/contracts";
import type { AppError } from "../../errors.ts";
import { presentError } from "../present-error.ts";

/** Answers an upgrade that is not granted as any other request is refused; no response object exists for one. */
export function refuseUpgrade(socket: Duplex, error: AppError, requestId: string): void {
  const body = JSON.stringify(presentError(error, requestId, "/ws"));
  const head = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? "Refused"}`,
    "Connection: close",
    "Cache-Control: no-store",
    "X-Content-Type-Options: nosniff",
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    `${headerNames.requestId}: ${requestId}`,
    ...(error.status === 401 ? ["WWW-Authenticate: ApiKey"] : []),
    ...(error.retryAfterSeconds === undefined
      ? []
      : [`${headerNames.retryAfter}: ${Math.ceil(error.retryAfterSeconds)}`]),
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
