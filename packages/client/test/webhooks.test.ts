import { hkdfSync } from "node:crypto";
import { signWebhook, toWebhookSecret } from "@comfy/signing";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { ComfyError } from "../src/index.ts";
import { verifyWebhook, type WebhookBody, WebhookSignatureError, webhookSecretOf } from "../src/webhooks.ts";
import { RESULT } from "./fake-service.ts";

const secret = toWebhookSecret(new Uint8Array(32).fill(5));
const body = JSON.stringify({
  status: "complete",
  requestId: "j1",
  jobId: "j1",
  result: { status: "complete", result: RESULT },
});
const id = "018f2b6e-0000-7000-8000-000000000001";

const deliver = (over: { body?: string; timestampSeconds?: number; secret?: string } = {}) =>
  signWebhook({ id, timestampSeconds: Math.floor(Date.now() / 1000), body, secret, ...over });

const toRequest = (headers: Record<string, string>, text = body) =>
  new Request("https://example.com/hook", { method: "POST", body: text, headers });

describe("verifying a webhook", () => {
  it("gives the typed event with the id to drop repeats by", async () => {
    const event = await verifyWebhook(toRequest(await deliver()), { secret });
    expect(event).toMatchObject({ status: "complete", jobId: "j1", webhookId: id });
    expect(event.result?.result.signedUrl).toBe(RESULT.signedUrl);
    expect(Math.abs(event.sentAt.getTime() - Date.now())).toBeLessThan(5000);
  });

  it("gives an event of a registered endpoint, by its type", async () => {
    const text = JSON.stringify({ type: "job.completed", timestamp: new Date().toISOString(), data: { id: "j1" } });
    const event = await verifyWebhook<WebhookBody>(toRequest(await deliver({ body: text }), text), { secret });
    expect(event.type === "job.completed" && event.data.id).toBe("j1");
    expect(event.webhookId).toBe(id);
  });

  it("accepts what the standard's own package signed, as plain headers and raw bytes", async () => {
    const now = new Date();
    const headers = {
      "Webhook-Id": id,
      "Webhook-Timestamp": String(Math.floor(now.getTime() / 1000)),
      "Webhook-Signature": new Webhook(secret).sign(id, now, body),
    };
    const event = await verifyWebhook(
      { headers, body: new TextEncoder().encode(body) },
      { secret: ["whsec_AAAA", secret] },
    );
    expect(event.jobId).toBe("j1");
  });

  it.each([
    ["bad_signature", async () => toRequest(await deliver(), `${body} `)],
    ["stale", async () => toRequest(await deliver({ timestampSeconds: 1_700_000_000 }))],
    ["missing_header", async () => toRequest({})],
    ["invalid_body", async () => toRequest(await deliver({ body: "not json" }), "not json")],
  ])("refuses with a typed error: %s", async (code, request) => {
    const error = await verifyWebhook(await request(), { secret }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WebhookSignatureError);
    expect(ComfyError.is(error)).toBe(true);
    expect(error).toMatchObject({ code });
    expect(JSON.stringify(error)).not.toContain(secret);
  });

  it("says so when something else has read the body", async () => {
    const request = toRequest(await deliver());
    await request.json();
    await expect(verifyWebhook(request, { secret })).rejects.toMatchObject({ code: "body_consumed" });
  });
});

describe("the secret of a service's webhooks", () => {
  it("is the whsec_ form of HKDF-SHA256 over the API secret, without salt, for webhooks/v1", async () => {
    const key = hkdfSync("sha256", "an-api-secret-of-32-characters!!", "", "webhooks/v1", 32);
    const derived = await webhookSecretOf("an-api-secret-of-32-characters!!");
    expect(derived).toBe(`whsec_${Buffer.from(key).toString("base64")}`);
    const headers = await deliver({ secret: derived });
    expect(await verifyWebhook(toRequest(headers), { secret: derived })).toMatchObject({ jobId: "j1" });
  });

  it.each([undefined, ""])(
    "is refused for %j, instead of verifying with a secret that anybody knows",
    async (absent) => {
      await expect(webhookSecretOf(absent)).rejects.toMatchObject({ name: "ConfigError", code: "missing_api_secret" });
    },
  );
});
