import type { IncomingMessage, ServerResponse } from "node:http";
import type { Asset } from "@comfy/contracts";
import busboy from "busboy";
import { AppError } from "../../../errors.ts";
import { watchCaller } from "../../connection.ts";
import type { AppDeps } from "../../deps.ts";
import { readIdempotencyKey } from "../../idempotency-key.ts";
import { authenticatedOf, visitOf } from "../../visit.ts";

interface Call {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly headers: { readonly "idempotency-key"?: string | undefined };
}

type Store = (name: string, body: AsyncIterable<Uint8Array>) => Promise<Asset>;

const NO_FILE = "file: expected one part named file with a file name, got none.";

/** Gives the one part named `file` to `store`. The bytes are at hand and proven by then; only their parts are told apart here. */
function storeFilePart(req: IncomingMessage, bytes: Buffer, sizeBytesMax: number, store: Store): Promise<Asset> {
  const { promise, resolve, reject } = Promise.withResolvers<Asset>();
  const malformed = (cause: unknown) =>
    reject(new AppError("invalid_input", "The body is not valid multipart/form-data.", { cause }));
  let stored: Promise<Asset> | undefined;
  try {
    // Without `defParamCharset` a file name in UTF-8 arrives as mojibake.
    const parser = busboy({
      headers: req.headers,
      defParamCharset: "utf8",
      limits: { files: 1, fields: 10, fieldSize: 4096, parts: 12, fileSize: sizeBytesMax },
    });
    parser.on("file", (field, part, { filename }) => {
      if (field !== "file" || stored) return void part.resume();
      const broken = new Promise<never>((_, fail) => {
        part.once("limit", () =>
          fail(new AppError("payload_too_large", `file: expected at most ${sizeBytesMax} bytes.`)),
        );
      });
      stored = Promise.race([store(filename || "upload", part), broken]);
      stored.then(resolve, reject);
    });
    parser.once("error", malformed);
    parser.once("close", () => {
      if (!stored)
        reject(
          new AppError("invalid_input", NO_FILE, {
            details: [{ path: "file", message: "expected a file, got nothing" }],
          }),
        );
    });
    parser.end(bytes);
  } catch (error) {
    malformed(error);
  }
  return promise;
}

/** `POST /api/v1/upload`: a file that later inputs name by its id. */
export function createUploadRoute({ verbs, flags }: AppDeps) {
  return async function upload({ req, res, headers }: Call) {
    const { caller } = authenticatedOf(req);
    const signal = watchCaller(res);
    const body = await storeFilePart(req, visitOf(req).body, flags.uploadSizeBytesMax, (name, part) =>
      verbs.uploadAsset({ caller, name, body: part, signal, ...readIdempotencyKey(headers) }),
    );
    return { status: 201 as const, body };
  };
}
