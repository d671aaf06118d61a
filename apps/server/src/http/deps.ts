import type { AccountVerbs } from "../access/account-verbs.ts";
import type { AuditLog, AuditReader } from "../access/audit-log.ts";
import type { Authenticate } from "../access/authenticate.ts";
import type { IpGuard } from "../access/ip-guard.ts";
import type { LimitRequest } from "../access/limit-request.ts";
import type { KeyVerbs } from "../access/manage-keys.ts";
import type { SignatureLedger } from "../access/signature-ledger.ts";
import type { StreamTickets } from "../access/stream-tickets.ts";
import type { UserAdminVerbs } from "../access/user-admin.ts";
import type { FileVerbs } from "../assets/file-verbs.ts";
import type { OpenLink } from "../assets/open-link.ts";
import type { UploadAsset } from "../assets/upload-asset.ts";
import type { Clock } from "../clock.ts";
import type { OperateBackends } from "../generation/operate-backends.ts";
import type { HealthVerbs } from "../health.ts";
import type { CancelBatch } from "../jobs/cancel-batch.ts";
import type { CancelJob } from "../jobs/cancel-job.ts";
import type { FollowJob } from "../jobs/follow-job.ts";
import type { Generate } from "../jobs/generate.ts";
import type { ListJobs } from "../jobs/list-jobs.ts";
import type { OpenResult } from "../jobs/open-result.ts";
import type { OverviewStore } from "../jobs/overview-store.ts";
import type { JobPresenter } from "../jobs/present-job.ts";
import type { V1JobPresenter } from "../jobs/present-v1-job.ts";
import type { ReadBatch } from "../jobs/read-batch.ts";
import type { ReadJob } from "../jobs/read-job.ts";
import type { ReadStats } from "../jobs/read-stats.ts";
import type { ReadUsage } from "../jobs/read-usage.ts";
import type { RetryJob } from "../jobs/retry-job.ts";
import type { SubmitBatch } from "../jobs/submit-batch.ts";
import type { SubmitJob } from "../jobs/submit-job.ts";
import type { TraceAsset } from "../jobs/trace-asset.ts";
import type { WebhookDeliveryVerbs } from "../jobs/webhook-deliveries.ts";
import type { WebhookEndpointVerbs } from "../jobs/webhook-endpoints.ts";
import type { Log } from "../log.ts";

/** What the routes call. */
export interface Verbs
  extends JobPresenter,
    HealthVerbs,
    WebhookEndpointVerbs,
    WebhookDeliveryVerbs,
    V1JobPresenter,
    OperateBackends,
    AccountVerbs,
    KeyVerbs,
    UserAdminVerbs,
    FileVerbs {
  readonly submitJob: SubmitJob;
  readonly generate: Generate;
  readonly readJob: ReadJob;
  readonly cancelJob: CancelJob;
  readonly followJob: FollowJob;
  readonly listJobs: ListJobs;
  readonly retryJob: RetryJob;
  readonly openResult: OpenResult;
  readonly submitBatch: SubmitBatch;
  readonly readBatch: ReadBatch;
  readonly cancelBatch: CancelBatch;
  readonly readUsage: ReadUsage;
  readonly uploadAsset: UploadAsset;
  readonly openLink: OpenLink;
  readonly traceAsset: TraceAsset;
  readonly listAllJobs: OverviewStore["listJobs"];
  readonly readStats: ReadStats;
  readonly listAuditLog: AuditReader["list"];
  readonly recordAudit: AuditLog["record"];
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
  readonly spendSignature: SignatureLedger["spend"];
  readonly streamTickets: StreamTickets;
  readonly verbs: Verbs;
  readonly flags: HttpFlags;
  readonly openApiDocument: () => object;
}

/** The dependencies inside the app, with how it ends. */
export interface AppDeps extends HttpDeps {
  /** Aborted: nothing is begun any more, and what is only held open ends. */
  readonly draining: AbortSignal;
  /** Aborted: who still waits is answered now, since the connections are about to be cut. */
  readonly closing: AbortSignal;
}
