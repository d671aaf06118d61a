import type { ServerResponse } from "node:http";
import { headerNames } from "@comfy/contracts";

interface Headers {
  readonly "idempotency-key"?: string | undefined;
}

/** Quoted as the IETF draft has it, or bare as most clients send it: the same key. */
export function readIdempotencyKey(headers: Headers): { readonly idempotencyKey?: string } {
  const idempotencyKey = headers["idempotency-key"]?.replace(/^"(.*)"$/, "$1");
  return idempotencyKey ? { idempotencyKey } : {};
}

/** Says that an earlier request with the same key did what this one asked for. */
export function tellReplay({ isReplay }: { readonly isReplay: boolean }, res: ServerResponse): void {
  if (isReplay) res.setHeader(headerNames.idempotencyReplayed, "true");
}
