import type { Request, Response } from "express";
import type { OpenedAsset } from "../../../assets/open-asset.ts";
import { AppError } from "../../../errors.ts";
import { answered } from "../../connection.ts";
import type { AppDeps } from "../../deps.ts";
import { sendFile } from "../../send-file.ts";

interface Call {
  readonly req: Request;
  readonly res: Response;
  readonly params: { readonly asset: string; readonly name: string };
  readonly query: {
    readonly expires?: string | undefined;
    readonly key?: string | undefined;
    readonly disposition?: string | undefined;
    readonly sig?: string | undefined;
  };
}

// The bytes behind a link never change; the link itself is a secret, so only the caller's own cache may keep them.
const cacheControl = "private, max-age=3600, immutable";

/** Downloads through signed links: whole, in ranges, or only the headers. */
export function createContentRoute({ verbs, ipGuard, log }: AppDeps) {
  async function openLink({ req, params, query }: Call): Promise<OpenedAsset> {
    const ip = req.ip ?? "";
    const { expires, key: keyId, disposition, sig } = query;
    try {
      return await verbs.openLink({ assetId: params.asset, name: params.name, expires, keyId, disposition, sig });
    } catch (error) {
      if (error instanceof AppError && error.code === "link_invalid") await ipGuard.recordFailure(ip);
      throw error;
    }
  }

  return async function content(call: Call) {
    const { req, res } = call;
    await sendFile({ req, res, log, cacheControl, file: await openLink(call) });
    return answered(res);
  };
}
