import type { IncomingMessage } from "node:http";
import { headerNames, type UploadCreate, type UploadFetch } from "@comfy/contracts";
import type { Request, Response } from "express";
import type { ReceivedPart } from "../../../assets/upload-store.ts";
import { AppError } from "../../../errors.ts";
import { watchCaller } from "../../connection.ts";
import type { AppDeps } from "../../deps.ts";
import { readIdempotencyKey, tellReplay } from "../../idempotency-key.ts";
import { streamBody } from "../../stream-body.ts";
import { createTurnstile } from "../../turnstile.ts";
import { authenticatedOf, visitOf } from "../../visit.ts";
import { createUploadPresenter } from "./present-upload.ts";
import type { MakingCall } from "./submit-request.ts";

interface Call {
  readonly req: IncomingMessage;
  readonly res: Response;
  readonly params: { readonly id: string };
}

interface PartCall {
  readonly req: Request;
  readonly res: Response;
  readonly params: { readonly id: string; readonly n: string };
  readonly query: {
    readonly expires?: string | undefined;
    readonly key?: string | undefined;
    readonly sig?: string | undefined;
  };
}

/** Each holds a connection and a file. */
const parts = { countMax: 64, holderMax: 16, what: "uploads" };
/** Each holds a connection of ours to a stranger for up to two minutes. */
const fetches = { countMax: 16, holderMax: 4, what: "fetches" };

const toAddress = ({ req, params: { id } }: Call) => ({ ownerId: authenticatedOf(req).caller.ownerId, id });

/** Uploads in parts, and files from addresses. */
export function createUploadRoutes(deps: AppDeps) {
  const { verbs } = deps;
  const { presentAsset, presentUpload } = createUploadPresenter(deps);
  const { putPart, readPart } = createPartRoutes(deps);
  const fetching = createTurnstile(fetches);

  /** What a request that makes something says of itself. */
  const toMaking = ({ req, headers }: Pick<MakingCall<unknown>, "req" | "headers">) => ({
    ownerId: authenticatedOf(req).caller.ownerId,
    request: visitOf(req).body,
    ...readIdempotencyKey(headers),
  });

  return {
    async create(call: MakingCall<UploadCreate>) {
      const { stripLocation = false, ...wish } = call.body;
      const made = await verbs.openUpload({ ...wish, ...toMaking(call), isLocationStripped: stripLocation });
      tellReplay(made, call.res);
      call.res.setHeader("Location", `/api/v1/uploads/${made.upload.id}`);
      return { status: 201 as const, body: await presentUpload(made.upload) };
    },
    async fetch(call: MakingCall<UploadFetch>) {
      const { url, name, stripLocation = false } = call.body;
      const file = { url, name, ...toMaking(call), isLocationStripped: stripLocation, signal: watchCaller(call.res) };
      const made = await fetching(file.ownerId, () => verbs.fetchUpload(file));
      tellReplay(made, call.res);
      return { status: 201 as const, body: await presentAsset(made.asset) };
    },
    async read(call: Call) {
      return { status: 200 as const, body: await presentUpload(await verbs.readUpload(toAddress(call))) };
    },
    async delete(call: Call) {
      await verbs.deleteUpload(toAddress(call));
      return { status: 204 as const, body: undefined };
    },
    async complete(call: Call) {
      const { asset, isReplay } = await verbs.completeUpload({ ...toAddress(call), signal: watchCaller(call.res) });
      return { status: isReplay ? (200 as const) : (201 as const), body: await presentAsset(asset) };
    },
    putPart,
    readPart,
  };
}

/** Parts are sent to signed links: whoever sends them needs no key. */
function createPartRoutes({ verbs, ipGuard }: AppDeps) {
  const receiving = createTurnstile(parts);

  async function verifyLink({ req, params, query }: PartCall) {
    const { expires, key: keyId, sig } = query;
    try {
      return await verbs.verifyPartLink({ uploadId: params.id, n: params.n, expires, keyId, sig });
    } catch (error) {
      if (error instanceof AppError && error.code === "link_invalid") await ipGuard.recordFailure(req.ip ?? "");
      throw error;
    }
  }

  const present = ({ n, sizeBytes, sha256 }: ReceivedPart) => {
    return { status: 200 as const, body: { n, sizeBytes, sha256 } };
  };

  return {
    async putPart(call: PartCall & { readonly headers: { readonly [headerNames.contentSha256]: string } }) {
      const { req, res } = call;
      const address = await verifyLink(call);
      // Whoever has the link spends the places of whose upload it is.
      const { ownerId, sizeBytes: sizeBytesMax } = await verbs.measurePart(address);
      return receiving(ownerId, async () => {
        const body = streamBody(req, res, { sizeBytesMax });
        const sha256 = call.headers[headerNames.contentSha256];
        return present(await verbs.receivePart({ ...address, sha256, body, signal: watchCaller(res) }));
      });
    },
    async readPart(call: PartCall) {
      return present(await verbs.findPart(await verifyLink(call)));
    },
  };
}
