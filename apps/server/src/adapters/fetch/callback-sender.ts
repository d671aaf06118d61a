import type { Agent } from "undici";
import { AppError } from "../../errors.ts";
import type { CallbackSender } from "../../jobs/outbox.ts";
import { toFailureReason } from "./failure-reason.ts";
import { parseOutgoingUrl, type UrlPolicy } from "./url-policy.ts";

// What a receiver answers is of no use beyond its status; a little is read so that the connection ends in order.
const ANSWER_SIZE_BYTES_MAX = 1_024;
const TIMEOUT_MS = 20_000;

export interface CallbackSenderOptions {
  readonly policy: UrlPolicy;
  readonly agent: Agent;
  readonly timeoutMs?: number;
}

/** Sends deliveries. A redirect is an answer like any other: following it would post a job to an address its owner never named. */
export function createCallbackSender({ policy, agent, timeoutMs = TIMEOUT_MS }: CallbackSenderOptions): CallbackSender {
  return {
    async send({ url: text, headers, body, signal }) {
      try {
        const url = parseOutgoingUrl(text, policy);
        const {
          statusCode,
          headers: answered,
          body: answer,
        } = await agent.request({
          origin: url.origin,
          path: url.pathname + url.search,
          method: "POST",
          headers: { "user-agent": "comfy-service", ...headers },
          body,
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        });
        // Not waited for: a receiver that drips its answer must not hold the delivery.
        answer.dump({ limit: ANSWER_SIZE_BYTES_MAX }).catch(() => undefined);
        const retryAfter = answered["retry-after"];
        return { status: statusCode, ...(typeof retryAfter === "string" && { retryAfter }) };
      } catch (cause) {
        signal.throwIfAborted();
        throw new AppError("unavailable", `The delivery failed: ${toFailureReason(cause)}.`, { cause });
      }
    },
  };
}
