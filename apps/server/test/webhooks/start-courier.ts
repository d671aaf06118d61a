import { createOutgoing } from "../../src/adapters/fetch/outgoing.ts";
import { systemClock as clock } from "../../src/clock.ts";
import { createDeliverWebhooks } from "../../src/jobs/deliver-webhooks.ts";
import { createV1JobPresenter } from "../../src/jobs/present-v1-job.ts";
import { createWebhookBody } from "../../src/jobs/webhook-body.ts";
import { createWebhookSecrets } from "../../src/jobs/webhook-secrets.ts";
import { silentLog as log } from "../../src/log.ts";
import { createCourier } from "../../src/worker/courier.ts";
import { createMemoryKeyStore } from "../http/memory-keys.ts";
import type { WebhookParts } from "../ports/webhook-set-up.ts";
import { testSealer } from "../sealer.ts";

export const apiSecret = "the secret of the webhook tests";
export const secrets = createWebhookSecrets({ apiSecret, sealer: testSealer, keys: createMemoryKeyStore() });

/** A courier over a database, as each process has one; it may reach receivers on this machine. */
export async function startCourier(
  { jobs, outbox, endpoints }: WebhookParts,
  { holder = "courier", isAlone = false, signing = secrets } = {},
) {
  const outgoing = createOutgoing({ arePrivateUrlsAllowed: true });
  const presenter = { presentResult: () => Promise.reject(new Error("Only failed jobs are delivered here.")) };
  const toWebhookBody = createWebhookBody({ jobs, presenter, ...createV1JobPresenter(presenter) });
  const deliver = createDeliverWebhooks({
    ...{ outbox, endpoints, secrets: signing, toWebhookBody, clock, log, holder },
    sender: outgoing.sender,
    random: () => 0,
  });
  const courier = createCourier({ deliver, outbox, log, isAlone });
  await courier.start?.(AbortSignal.timeout(5_000));
  return {
    knock: courier.knock,
    drain: (timeoutMs: number) => courier.drain?.(AbortSignal.timeout(timeoutMs)),
    async [Symbol.asyncDispose]() {
      await courier.stop?.();
      await outgoing.close();
    },
  };
}
