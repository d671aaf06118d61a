import { deriveKey, toWebhookSecret, verifyWebhook as verify } from "@comfy/signing";
import { ConfigError, WebhookSignatureError } from "./errors.ts";
import type { CallbackBody, WebhookBody } from "./generated/types.ts";

export { WebhookSignatureError } from "./errors.ts";
export type { CallbackBody, MediaResult, PictureResult, WebhookBody } from "./generated/types.ts";

/** A delivery that is proven to come from the service: to a `callbackUrl`, or (`WebhookEvent<WebhookBody>`) to a registered endpoint. */
export type WebhookEvent<Body extends CallbackBody | WebhookBody = CallbackBody> = Body & {
  /** Same over all tries of one delivery: remember it for a day and drop what you have seen. */
  readonly webhookId: string;
  readonly sentAt: Date;
};

/** A Fetch `Request`, or what another framework holds: the headers, and the body as the raw text or bytes that arrived. */
export type WebhookRequest =
  | Request
  | { readonly headers: Record<string, string | string[] | undefined>; readonly body: string | Uint8Array };

export interface VerifyOptions {
  /** `whsec_…`; several while it is being replaced. */
  readonly secret: string | readonly string[];
  /** Seconds a delivery may be old; default 300. */
  readonly toleranceSeconds?: number;
}

/**
 * The `whsec_…` secret that a service signs its callbacks with, derived from its `COMFYUI_API_SECRET`. It signs no requests, so it may be
 * handed to a receiver that must not make any. Throws `ConfigError` (`missing_api_secret`) when there is nothing to derive it from.
 *
 * @example const secret = await webhookSecretOf(process.env.COMFYUI_API_SECRET);
 */
export async function webhookSecretOf(apiSecret: string | undefined): Promise<string> {
  if (!apiSecret)
    throw new ConfigError("The API secret is missing: expected COMFYUI_API_SECRET.", { code: "missing_api_secret" });
  return toWebhookSecret(await deriveKey(apiSecret, "webhooks/v1"));
}

async function readRaw(request: WebhookRequest): Promise<string | Uint8Array> {
  if (typeof request.body === "string" || request.body instanceof Uint8Array) return request.body;
  if (request instanceof Object && "text" in request && !request.bodyUsed) return request.text();
  const words = "The webhook's raw body is gone: verify before anything else reads it, and do not parse it first.";
  throw new WebhookSignatureError(words, { code: "body_consumed" });
}

/**
 * Checks a delivery's signature and age, then parses it. Throws `WebhookSignatureError`; answer that with 400.
 *
 * @example
 * const event = await verifyWebhook(request, { secret: await webhookSecretOf(process.env.COMFYUI_API_SECRET) });
 * if (event.status === "complete") save(event.jobId, event.result?.result.signedUrl);
 *
 * @example
 * const event = await verifyWebhook<WebhookBody>(request, { secret: process.env.WEBHOOK_SECRET });
 * if (event.type === "job.completed") save(event.data.id);
 */
export async function verifyWebhook<Body extends CallbackBody | WebhookBody = CallbackBody>(
  request: WebhookRequest,
  options: VerifyOptions,
): Promise<WebhookEvent<Body>> {
  const body = await readRaw(request);
  const outcome = await verify({ headers: request.headers as Record<string, string>, body, ...options });
  if (!outcome.ok) throw new WebhookSignatureError(outcome.message, { code: outcome.reason });
  try {
    const event = JSON.parse(typeof body === "string" ? body : new TextDecoder().decode(body));
    return { ...event, webhookId: outcome.id, sentAt: new Date(outcome.timestampSeconds * 1000) };
  } catch (cause) {
    throw new WebhookSignatureError("The webhook's body is signed but is not JSON.", { code: "invalid_body", cause });
  }
}
