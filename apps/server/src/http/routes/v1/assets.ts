import type { IncomingMessage } from "node:http";
import type { AssetPageQuery, assetSign } from "@comfy/contracts";
import type { Response } from "express";
import type * as z from "zod";
import type { AssetAddress } from "../../../assets/own-assets.ts";
import { answered } from "../../connection.ts";
import type { AppDeps } from "../../deps.ts";
import { sendFile } from "../../send-file.ts";
import { authenticatedOf } from "../../visit.ts";
import { createUploadPresenter } from "./present-upload.ts";

interface Call {
  readonly req: IncomingMessage;
  readonly res: Response;
  readonly params: { readonly id: string };
}

const PAGE_LENGTH = 20;
const LINK_SECONDS = 3600;

const toAddress = ({ req, params: { id } }: Pick<Call, "req" | "params">): AssetAddress => {
  return { ownerId: authenticatedOf(req).caller.ownerId, id };
};

function toFilter({ source, type, job, cursor, limit = PAGE_LENGTH }: AssetPageQuery) {
  return {
    limit,
    ...(source !== undefined && { source }),
    ...(type !== undefined && { type }),
    ...(job !== undefined && { jobId: job }),
    ...(cursor !== undefined && { cursor }),
  };
}

/** The files of an owner: what it brought and what was made for it. */
export function createAssetRoutes(deps: AppDeps) {
  const { verbs, log } = deps;
  const { presentAsset } = createUploadPresenter(deps);

  return {
    async list({ req, query }: { readonly req: IncomingMessage; readonly query: AssetPageQuery }) {
      const { ownerId } = authenticatedOf(req).caller;
      const { assets, nextCursor } = await verbs.listAssets({ ownerId, ...toFilter(query) });
      return { status: 200 as const, body: { assets: await Promise.all(assets.map(presentAsset)), nextCursor } };
    },
    async read(call: Call) {
      const { asset, provenance } = await verbs.traceAsset(toAddress(call));
      return { status: 200 as const, body: { ...(await presentAsset(asset)), provenance } };
    },
    async content(call: Call) {
      const { req, res } = call;
      const file = await verbs.openOwnAsset(toAddress(call));
      // Kept by the caller's own cache, and asked about each time: the key may have been revoked, the file deleted.
      await sendFile({ req, res, file, log, cacheControl: "private, no-cache" });
      return answered(res);
    },
    async sign(call: Call & { readonly body: z.infer<typeof assetSign> }) {
      const { ttlSeconds: seconds = LINK_SECONDS, disposition = "inline" } = call.body;
      const { url, expiresAtMs } = await verbs.signOwnAsset(toAddress(call), { seconds, disposition });
      return { status: 200 as const, body: { url, expiresAt: new Date(expiresAtMs).toISOString() } };
    },
    async delete(call: Call) {
      await verbs.deleteAsset(toAddress(call));
      return { status: 204 as const, body: undefined };
    },
  };
}
