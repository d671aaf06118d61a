import type { Readable } from "node:stream";
import type { Asset as AssetBody, Health, Ping } from "@comfy/contracts";
import type { Authenticate } from "../access/authenticate.ts";
import type { Caller, PendingSignature } from "../access/caller.ts";
import type { IpGuard } from "../access/ip-guard.ts";
import type { LimitRequest } from "../access/limit-request.ts";
import type { Asset } from "../assets/asset.ts";
import type { ByteRange } from "../assets/blob-store.ts";
import type { Clock } from "../clock.ts";
import type { CancelJob } from "../jobs/cancel-job.ts";
import type { FollowJob } from "../jobs/follow-job.ts";
import type { Generate } from "../jobs/generate.ts";
import type { JobPresenter } from "../jobs/present-job.ts";
import type { ReadJob } from "../jobs/read-job.ts";
import type { SubmitJob } from "../jobs/submit-job.ts";
import type { Log } from "../log.ts";

/** A signed link as it arrived; nothing in it is proven. */
export interface LinkRequest {
  readonly assetId: string;
  readonly name: string;
  readonly expires?: string | undefined;
  readonly keyId?: string | undefined;
  readonly disposition?: string | undefined;
  readonly sig?: string | undefined;
}

/** An output whose link was proven. */
export interface OpenedLink {
  readonly asset: Asset;
  /** Content-Type, Content-Disposition and what keeps a browser from running the file. */
  readonly headers: Readonly<Record<string, string>>;
  /** Opens the bytes; both ends of a range are included. */
  open(range: ByteRange | undefined, signal: AbortSignal): Promise<Readable>;
}

/** What the routes call. */
export interface Verbs extends JobPresenter {
  readonly submitJob: SubmitJob;
  readonly generate: Generate;
  readonly readJob: ReadJob;
  readonly cancelJob: CancelJob;
  readonly followJob: FollowJob;
  uploadAsset(upload: {
    readonly caller: Caller;
    readonly name: string;
    readonly body: AsyncIterable<Uint8Array>;
    /** The same key gives the same asset again, so that a repeated submission prints the same body. */
    readonly idempotencyKey?: string;
    readonly signal: AbortSignal;
  }): Promise<AssetBody>;
  openLink(link: LinkRequest): Promise<OpenedLink>;
  readHealth(): Promise<Health>;
  ping(): Promise<Ping>;
}

export interface HttpFlags {
  readonly isAsyncEnabled: boolean;
  readonly uploadSizeBytesMax: number;
  /** Origins whose pages may call from a browser; none when empty. */
  readonly corsOrigins: readonly string[];
  /** Reverse proxies in front whose `X-Forwarded-For` is believed. */
  readonly proxyHops: number;
}

/** Everything the front door is given. */
export interface HttpDeps {
  readonly log: Log;
  readonly clock: Clock;
  /** Where callers reach the service; its path prefix is part of what version 2 signs. */
  readonly publicUrl?: string;
  readonly authenticate: Authenticate;
  readonly ipGuard: IpGuard;
  readonly limitRequest: LimitRequest;
  /** False when the signature was spent before. */
  readonly spendSignature: (signature: PendingSignature) => Promise<boolean>;
  readonly verbs: Verbs;
  readonly flags: HttpFlags;
  readonly openApiDocument: () => object;
}

/** The dependencies inside the app: aborted `draining` means that nothing may be held open any longer. */
export interface AppDeps extends HttpDeps {
  readonly draining: AbortSignal;
}
