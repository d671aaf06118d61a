import { type CallbackBody, isTerminal } from "@comfy/contracts";
import { signWebhook } from "@comfy/signing";
import type { Clock } from "../clock.ts";
import { toAppError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { JobStore } from "./job-store.ts";
import type { CallbackSender, Outbox, OwedDelivery } from "./outbox.ts";
import type { JobPresenter } from "./present-job.ts";

/** Seconds from the first try to each further one: the Standard Webhooks schedule, 24 h in all. */
const TRY_AT_SECONDS = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
const TIMEOUT_MS = 20_000;
const LEASE_MS = 60_000;

export interface DeliverCallbacksDeps {
  readonly outbox: Outbox;
  readonly jobs: Pick<JobStore, "find">;
  readonly sender: CallbackSender;
  readonly presenter: JobPresenter;
  /** `whsec_…` of an owner. */
  readonly readWebhookSecret: (ownerId: string) => Promise<string>;
  readonly clock: Clock;
  readonly log: Log;
  /** Names this process in leases. */
  readonly holder: string;
}

/** Takes up to `count` callbacks that are due and gives their sendings, which are under way: none waits for another. */
export type DeliverCallbacks = (count: number, signal: AbortSignal) => Promise<readonly Promise<void>[]>;

/** Delivers the one POST that each ended job owes to its `callbackUrl`. Trying again never touches the job. */
export function createDeliverCallbacks(deps: DeliverCallbacksDeps): DeliverCallbacks {
  return async function deliverCallbacks(count, signal) {
    const due = await deps.outbox.claim({ holder: deps.holder, count, leaseMs: LEASE_MS });
    return due.map((delivery) => deliver(delivery, signal, deps));
  };
}

async function deliver(delivery: OwedDelivery, signal: AbortSignal, deps: DeliverCallbacksDeps): Promise<void> {
  const startedMs = deps.clock.monotonicMs();
  const log = deps.log.with({ jobId: delivery.jobId, deliveryId: delivery.id });
  const durationMs = () => Math.round(deps.clock.monotonicMs() - startedMs);
  const nextInMs = toNextTry(delivery, deps.clock.nowMs());
  try {
    const { status } = await send(delivery, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]), deps);
    if (status >= 200 && status < 300)
      return await deps.outbox.markDelivered(delivery.id, { status, durationMs: durationMs() });
    log.warn({ status, tries: delivery.tries + 1 }, "A callback was answered with an error.");
    const problem = `answered with status ${status}`;
    // 410: the receiver says that it is gone for good.
    const next = status === 410 ? null : nextInMs;
    await deps.outbox.markFailed(delivery.id, { status, problem, durationMs: durationMs(), nextInMs: next });
  } catch (error) {
    if (signal.aborted) return;
    log.warn({ error, tries: delivery.tries + 1 }, "A callback could not be delivered.");
    const problem = toAppError(error).message;
    await deps.outbox.markFailed(delivery.id, { problem, durationMs: durationMs(), nextInMs });
  }
}

async function send(delivery: OwedDelivery, signal: AbortSignal, deps: DeliverCallbacksDeps) {
  const body = JSON.stringify(await toBody(delivery, deps));
  const timestampSeconds = Math.floor(deps.clock.nowMs() / 1000);
  const secret = await deps.readWebhookSecret(delivery.ownerId);
  const signature = await signWebhook({ id: delivery.id, timestampSeconds, body, secret });
  const headers = { "content-type": "application/json", ...signature };
  return deps.sender.send({ url: delivery.url, headers, body, signal });
}

/** The body nests as polling does; a cancelled job is told as a failed one, with its code. */
async function toBody({ jobId }: OwedDelivery, { jobs, presenter }: DeliverCallbacksDeps): Promise<CallbackBody> {
  const job = await jobs.find(jobId);
  if (job === undefined || !isTerminal(job.state)) throw new Error(`Job ${jobId} owes a callback but has not ended.`);
  const ids = { requestId: job.id, jobId: job.id };
  if (job.state === "complete") {
    return { status: "complete", ...ids, result: { status: "complete", result: await presenter.presentResult(job) } };
  }
  const { code, message } = job.failure ?? { code: "internal_error", message: "No reason was kept." };
  return { status: "failed", ...ids, error: message, code };
}

/** Milliseconds until the try after this one; null when this is the last. */
function toNextTry({ tries, firstTriedAtMs }: OwedDelivery, nowMs: number): number | null {
  const offset = TRY_AT_SECONDS[tries + 1];
  if (offset === undefined) return null;
  return Math.max(1_000, (firstTriedAtMs ?? nowMs) + offset * 1000 - nowMs);
}
