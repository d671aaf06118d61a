import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError } from "../../../errors.ts";
import { watchCaller } from "../../connection.ts";
import type { AppDeps } from "../../deps.ts";
import { readIdempotencyKey } from "../../idempotency-key.ts";
import { storeFilePart } from "../../multipart.ts";
import { streamBody } from "../../stream-body.ts";
import { createTurnstile } from "../../turnstile.ts";
import { authenticatedOf, streamOf } from "../../visit.ts";

interface Call {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly headers: { readonly "idempotency-key"?: string | undefined };
}

/** Boundaries and part headers around a file. */
const MULTIPART_SIZE_BYTES_MAX = 64 * 1024;

/** Each holds a connection, a file and some 300 kB: this many are under way at once. */
const UPLOADS_MAX = 64;

/** A box that is ticked or not; forms know nothing but text. */
function parseFlag(name: string, text: string | undefined): boolean {
  if (text === undefined || text === "false") return false;
  if (text === "true") return true;
  const message = "expected true or false";
  throw new AppError("invalid_input", `${name}: ${message}.`, { details: [{ path: name, message }] });
}

/** `POST /api/v1/upload`: a file that later inputs name by its id. It is stored while it arrives and kept once it is proven. */
export function createUploadRoute({ verbs, flags }: AppDeps) {
  const sizeBytesMax = flags.uploadSizeBytesMax;
  const pass = createTurnstile(UPLOADS_MAX, "uploads");

  async function store({ req, res, headers }: Call) {
    const { caller } = authenticatedOf(req);
    const { update, settle } = streamOf(req);
    const signal = watchCaller(res);
    const body = streamBody(req, res, { sizeBytesMax: sizeBytesMax + MULTIPART_SIZE_BYTES_MAX, onChunk: update });
    const form = { headers: req.headers, body, sizeBytesMax, fields: ["stripLocation"], settle };
    return storeFilePart(form, async ({ name, fields, body }) => {
      const isLocationStripped = parseFlag("stripLocation", fields.get("stripLocation"));
      return verbs.uploadAsset({ caller, name, body, signal, isLocationStripped, ...readIdempotencyKey(headers) });
    });
  }

  return async function upload(call: Call) {
    return { status: 201 as const, body: await pass(() => store(call)) };
  };
}
