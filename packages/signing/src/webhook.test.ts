import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { deriveKey, signWebhook, toWebhookSecret, verifyWebhook } from "./index.ts";
import { readRequestVectors } from "./vectors.ts";

const nowMs = 1704912345678;
const timestampSeconds = 1704912345;
const id = "018f2b6e-0000-7000-8000-000000000001";
const secret = toWebhookSecret(new Uint8Array(32).map((_, index) => index * 7));
const other = toWebhookSecret(new Uint8Array(24).fill(9));
const body = JSON.stringify({ status: "complete", result: { prompt: "Жар-птица 🔥" } });

describe("signing a delivery", () => {
  it("gives the signature of the standard's own package, over the raw text", async () => {
    const texts = readRequestVectors().flatMap((vector) => (typeof vector.body === "string" ? [vector.body] : []));
    expect(texts.length).toBeGreaterThan(8);
    for (const text of texts) {
      const headers = await signWebhook({ id, timestampSeconds, body: text, secret });
      const witness = new Webhook(secret).sign(id, new Date(timestampSeconds * 1000), text);
      expect(headers["webhook-signature"]).toBe(witness);
    }
  });

  it("is accepted by the standard's own package", async () => {
    const now = Math.floor(Date.now() / 1000);
    const headers = await signWebhook({ id, timestampSeconds: now, body, secret: [other, secret] });
    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
  });

  it("refuses an id with a dot, which would blur what was signed", async () => {
    await expect(signWebhook({ id: "a.b", timestampSeconds, body, secret })).rejects.toThrow(
      "expected text without dots",
    );
  });

  it("refuses a secret that is not base64 with a sentence that does not repeat it", async () => {
    const failure = signWebhook({ id, timestampSeconds, body, secret: "whsec_!!!" });
    await expect(failure).rejects.toThrow("The webhook secret is malformed");
    await expect(failure).rejects.not.toThrow("!!!");
  });
});

describe("verifying a delivery", () => {
  const sign = (over: Partial<Parameters<typeof signWebhook>[0]> = {}) =>
    signWebhook({ id, timestampSeconds, body, secret, ...over });

  it("accepts what the standard's own package signed, from plain and from Fetch headers", async () => {
    const headers = {
      "Webhook-Id": id,
      "WEBHOOK-TIMESTAMP": String(timestampSeconds),
      "webhook-signature": new Webhook(secret).sign(id, new Date(timestampSeconds * 1000), body),
    };
    const expected = { ok: true, id, timestampSeconds };
    expect(await verifyWebhook({ headers, body, secret, nowMs })).toEqual(expected);
    expect(await verifyWebhook({ headers: new Headers(headers), body, secret, nowMs })).toEqual(expected);
    expect(await verifyWebhook({ headers, body: new TextEncoder().encode(body), secret, nowMs })).toEqual(expected);
  });

  it("accepts any one of several signatures and any one of several secrets while they rotate", async () => {
    const rotating = await sign({ secret: [other, secret] });
    expect(await verifyWebhook({ headers: rotating, body, secret, nowMs })).toMatchObject({ ok: true });
    expect(await verifyWebhook({ headers: await sign(), body, secret: [other, secret], nowMs })).toMatchObject({
      ok: true,
    });
    const foreign = await sign();
    foreign["webhook-signature"] = `v1a,AAAA ${foreign["webhook-signature"]} v2,x`;
    expect(await verifyWebhook({ headers: foreign, body, secret, nowMs })).toMatchObject({ ok: true });
  });

  it("refuses another body, another id, another secret and a signature of another case or length", async () => {
    const headers = await sign();
    const signature = headers["webhook-signature"] ?? "";
    const bad = { ok: false, reason: "bad_signature" };
    expect(await verifyWebhook({ headers, body: `${body} `, secret, nowMs })).toMatchObject(bad);
    expect(await verifyWebhook({ headers, body, secret: other, nowMs })).toMatchObject(bad);
    expect(await verifyWebhook({ headers: { ...headers, "webhook-id": "x" }, body, secret, nowMs })).toMatchObject(bad);
    for (const forged of [signature.toUpperCase(), signature.slice(0, -1), "v1,", "v1"]) {
      const outcome = await verifyWebhook({
        headers: { ...headers, "webhook-signature": forged },
        body,
        secret,
        nowMs,
      });
      expect(outcome, forged).toMatchObject(bad);
    }
  });

  it("names the header that is missing", async () => {
    const headers = await sign();
    for (const name of Object.keys(headers)) {
      const outcome = await verifyWebhook({ headers: { ...headers, [name]: undefined }, body, secret, nowMs });
      expect(outcome).toEqual({ ok: false, reason: "missing_header", message: `The ${name} header is missing.` });
    }
  });

  it("refuses a delivery that is too old, from the future, in milliseconds or not a number", async () => {
    for (const seconds of [timestampSeconds - 301, timestampSeconds + 302, nowMs, Number.NaN, 1e-3]) {
      const headers = await sign({ timestampSeconds: seconds });
      expect(await verifyWebhook({ headers, body, secret, nowMs }), String(seconds)).toMatchObject({ reason: "stale" });
    }
    const headers = await sign({ timestampSeconds: timestampSeconds - 301 });
    expect(await verifyWebhook({ headers, body, secret, nowMs, toleranceSeconds: 600 })).toMatchObject({ ok: true });
  });

  it("says that a forged delivery is forged even when it is old, never the other way round", async () => {
    const headers = await sign({ timestampSeconds: 1, secret: other });
    expect(await verifyWebhook({ headers, body, secret, nowMs })).toMatchObject({ reason: "bad_signature" });
  });
});

describe("a derived key", () => {
  it("is HKDF-SHA256 of master and label, and differs with either", async () => {
    const { hkdfSync } = await import("node:crypto");
    const key = await deriveKey("master", "links/v1");
    expect(Buffer.from(key)).toEqual(Buffer.from(hkdfSync("sha256", "master", "", "links/v1", 32)));
    expect(await deriveKey("master", "links/v2")).not.toEqual(key);
    expect(await deriveKey("mastes", "links/v1")).not.toEqual(key);
  });

  it("refuses an empty master", async () => {
    await expect(deriveKey("", "links/v1")).rejects.toThrow("The master key is empty");
  });
});
