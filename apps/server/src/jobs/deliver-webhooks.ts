import { signWebhook } from "@comfy/signing";
import type { Clock } from "../clock.ts";
import { AppError, toAppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { toNextTry } from "./next-try.ts";
import type { AfterTry, CallbackSender, DeliveryAnswer, DeliveryTry, Outbox, OwedDelivery } from "./outbox.ts";
import type { ToWebhookBody } from "./webhook-body.ts";
import type { WebhookSecrets } from "./webhook-secrets.ts";
import type { WebhookEndpoints } from "./webhook-store.ts";

const TIMEOUT_MS = 20_000;
/** Twice a try, so that whoever sends has written down what came of it before another may send. */
const LEASE_MS = 2 * TIMEOUT_MS;
const SLACK_MS = 2_000;

export interface DeliverWebhooksDeps {
  readonly outbox: Outbox;
  readonly endpoints: Pick<WebhookEndpoints, "giveUpOwed">;
  readonly sender: CallbackSender;
  readonly secrets: WebhookSecrets;
  readonly toWebhookBody: ToWebhookBody;
  readonly clock: Clock;
  readonly log: Log;
  /** Names this process in leases. */
  readonly holder: string;
  /** From 0 to 1, for the jitter. */
  readonly random: () => number;
}

/** Takes up to `count` deliveries that are due and gives their sendings, which are under way: none waits for another. */
export type DeliverWebhooks = (count: number, signal: AbortSignal) => Promise<readonly Promise<void>[]>;

interface Sending {
  readonly delivery: OwedDelivery;
  /** By the monotonic clock, from before the claim was sent. */
  readonly claimedMs: number;
  readonly signal: AbortSignal;
}

/** Delivers what ended jobs owe to their `callbackUrl` and to endpoints. Trying again never touches the job. */
export function createDeliverWebhooks(deps: DeliverWebhooksDeps): DeliverWebhooks {
  return async function deliverWebhooks(count, signal) {
    const claimedMs = deps.clock.monotonicMs();
    const due = await deps.outbox.claim({ holder: deps.holder, count, leaseMs: LEASE_MS });
    return due.map((delivery) => deliver({ delivery, claimedMs, signal }, deps));
  };
}

async function deliver(sending: Sending, deps: DeliverWebhooksDeps): Promise<void> {
  const { delivery, signal } = sending;
  const { clock, outbox } = deps;
  const log = deps.log.with({ jobId: delivery.jobId, deliveryId: delivery.id, webhookId: delivery.endpoint?.id });
  const startedMs = clock.monotonicMs();
  const durationMs = () => Math.round(clock.monotonicMs() - startedMs);
  let answer: DeliveryAnswer | undefined;
  let problem: string | undefined;
  try {
    const request = await prepare(delivery, deps);
    const isTooLate = clock.monotonicMs() - sending.claimedMs > LEASE_MS - TIMEOUT_MS - SLACK_MS;
    if (isTooLate || signal.aborted) return await outbox.release(delivery);
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    answer = await deps.sender.send({ url: delivery.url, ...request, signal: deadline });
    if (answer.status < 200 || answer.status > 299) problem = `The receiver answered with status ${answer.status}.`;
  } catch (error) {
    if (signal.aborted) return await outbox.release(delivery);
    log.warn({ error, tries: delivery.tries + 1 }, "A delivery failed.");
    problem = toAppError(error).message;
  }
  const { status } = answer ?? {};
  if (problem !== undefined && status !== undefined) log.warn({ status, tries: delivery.tries + 1 }, problem);
  const try_ = { durationMs: durationMs(), ...(status !== undefined && { status }), ...(problem && { problem }) };
  await writeDown(sending, try_, toAfter(sending, problem, answer, deps), { ...deps, log });
}

async function writeDown({ delivery }: Sending, try_: DeliveryTry, after: AfterTry, deps: DeliverWebhooksDeps) {
  const { disabledEndpointId } = await deps.outbox.settle(delivery, try_, after);
  if (disabledEndpointId === undefined) return;
  const reason = after === "gone" ? "its receiver is gone" : "nothing was taken for too long";
  deps.log.warn({ ownerId: delivery.ownerId }, `An endpoint was disabled: ${reason}.`);
  await deps.endpoints.giveUpOwed(disabledEndpointId);
}

/** Signed with every secret that is good at the time, so that a receiver may change over whenever it likes. */
async function prepare(delivery: OwedDelivery, { clock, secrets, toWebhookBody }: DeliverWebhooksDeps) {
  const { id, endpoint, keyId } = delivery;
  const body = JSON.stringify(await toWebhookBody(delivery));
  const secret = endpoint
    ? await Promise.all(endpoint.secretVersions.map((version) => secrets.ofEndpoint(endpoint, version)))
    : await secrets.ofCallbacks(keyId);
  if (secret.length === 0)
    throw new AppError("access_denied", "Whoever made the job has no secret that a callback could be signed with.");
  const signature = await signWebhook({ id, timestampSeconds: Math.floor(clock.nowMs() / 1000), body, secret });
  return { body, headers: { "content-type": "application/json", ...signature } };
}

function toAfter(
  { delivery, claimedMs }: Sending,
  problem: string | undefined,
  answer: DeliveryAnswer | undefined,
  { clock, random }: DeliverWebhooksDeps,
): AfterTry {
  if (problem === undefined) return "delivered";
  // 410: the receiver says that it is gone for good.
  if (answer?.status === 410) return "gone";
  const nextInMs = toNextTry(delivery, {
    sinceFirstTryMs: delivery.sinceFirstTryMs + clock.monotonicMs() - claimedMs,
    retryAfter: answer?.retryAfter,
    nowMs: clock.nowMs(),
    random: random(),
  });
  return nextInMs === undefined ? "given_up" : { nextInMs };
}
