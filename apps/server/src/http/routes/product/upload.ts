import type { Request, Response } from "express";
import { toIpSubject } from "../../../access/ip-guard.ts";
import { AppError } from "../../../errors.ts";
import { watchCaller } from "../../connection.ts";
import type { AppDeps } from "../../deps.ts";
import { readIdempotencyKey } from "../../idempotency-key.ts";
import { storeFilePart } from "../../multipart.ts";
import { streamBody } from "../../stream-body.ts";
import { createTurnstile } from "../../turnstile.ts";
import { authenticatedOf, streamOf } from "../../visit.ts";

interface Call {
  readonly req: Request;
  readonly res: Response;
  readonly headers: { readonly "idempotency-key"?: string | undefined };
}

/** Boundaries and part headers around a file. */
const MULTIPART_SIZE_BYTES_MAX = 64 * 1024;

/** Each holds a connection, a file and some 300 kB: this many are under way at once. */
const uploads = { countMax: 64, holderMax: 16, what: "uploads" };

/** The same of those who prove only with the last byte who they are: until then they are nobody, and share among addresses. */
const unproven = { ...uploads, countMax: 32 };

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
  const [passOwner, passAddress] = [createTurnstile(uploads), createTurnstile(unproven)];

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
    const { req } = call;
    const asset = streamOf(req).isCallerProven
      ? await passOwner(authenticatedOf(req).caller.ownerId, () => store(call))
      : await passAddress(toIpSubject(req.ip ?? ""), () => store(call));
    return { status: 201 as const, body: asset };
  };
}
