import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";
import { type Objects, Refusal } from "./supabase-objects.ts";

interface ResumableOptions {
  readonly objects: Objects;
  readonly folder: string;
  readonly path: string;
}

/** Uploads in chunks: the protocol is another's work, so that a mistake of ours is not made twice. Its errors have true statuses and plain text. */
export function createResumable({ objects, folder, path }: ResumableOptions) {
  const refuse = (error: unknown): never => {
    if (!(error instanceof Refusal)) throw error;
    throw { status_code: error.statusCode, body: error.message };
  };
  const store = new FileStore({ directory: folder });
  const server = new Server({
    path,
    datastore: store,
    async onUploadCreate(req, { metadata, size }) {
      const { bucketName = "", objectName = "" } = metadata ?? {};
      const isUpsert = req.headers.get("x-upsert") === "true";
      try {
        const { fileSizeLimit } = objects.assertMayPut(bucketName ?? "", objectName ?? "", isUpsert);
        if (fileSizeLimit !== null && (size ?? 0) > fileSizeLimit)
          throw new Refusal(413, "EntityTooLarge", "Maximum size exceeded");
      } catch (error) {
        refuse(error);
      }
      return {};
    },
    async onUploadFinish(_req, { id, metadata }) {
      const { bucketName, objectName, contentType, cacheControl } = metadata ?? {};
      const head = { type: contentType ?? "application/octet-stream", cacheControl: `max-age=${cacheControl ?? 3600}` };
      await objects.adopt(bucketName ?? "", objectName ?? "", join(folder, id), head).catch(refuse);
      return {};
    },
  });
  return (req: IncomingMessage, res: ServerResponse) => server.handle(req, res);
}
