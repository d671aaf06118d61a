import { type CallbackBody, isTerminal, type WebhookEventType } from "@comfy/contracts";
import type { Job } from "./job.ts";
import type { JobStore } from "./job-store.ts";
import type { OwedDelivery } from "./outbox.ts";
import type { JobPresenter } from "./present-job.ts";
import type { V1JobPresenter } from "./present-v1-job.ts";

export interface WebhookBodyDeps {
  readonly jobs: Pick<JobStore, "find">;
  readonly presenter: Pick<JobPresenter, "presentResult">;
  readonly presentV1Job: V1JobPresenter["presentV1Job"];
}

/** What an endpoint is sent, as Standard Webhooks recommends it. */
interface EndpointBody {
  readonly type: WebhookEventType;
  /** When it happened: the same over all tries. */
  readonly timestamp: string;
  readonly data: object;
}

export type ToWebhookBody = (delivery: OwedDelivery) => Promise<CallbackBody | EndpointBody>;

/** What a delivery says. Made at each try, so that its links are good. */
export function createWebhookBody({ jobs, presenter, presentV1Job }: WebhookBodyDeps): ToWebhookBody {
  async function readEnded(jobId: string): Promise<Job> {
    const job = await jobs.find(jobId);
    if (job === undefined || !isTerminal(job.state)) throw new Error(`Job ${jobId} owes a delivery but has not ended.`);
    return job;
  }

  return async function toWebhookBody({ id, event, jobId, endpoint, createdAtMs }) {
    if (jobId === undefined) return toBody(event, createdAtMs, { webhookId: endpoint?.id, deliveryId: id });
    const job = await readEnded(jobId);
    if (!endpoint) return toCallbackBody(job, presenter);
    return toBody(event, job.completedAtMs ?? createdAtMs, await presentV1Job(job));
  };
}

const toBody = (type: WebhookEventType, timeMs: number, data: object): EndpointBody => ({
  type,
  timestamp: new Date(timeMs).toISOString(),
  data,
});

/** Nests as polling does; a cancelled job is told as a failed one, with its code. */
async function toCallbackBody(job: Job, { presentResult }: WebhookBodyDeps["presenter"]): Promise<CallbackBody> {
  const ids = { requestId: job.id, jobId: job.id };
  if (job.state === "complete") {
    return { status: "complete", ...ids, result: { status: "complete", result: await presentResult(job) } };
  }
  const { code, message } = job.failure ?? { code: "internal_error", message: "No reason was kept." };
  return { status: "failed", ...ids, error: message, code };
}
