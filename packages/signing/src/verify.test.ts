import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  isWithinWindow,
  parseSignatureHeaders,
  signRequest,
  timingSafeEqualHex,
  type VerifySignatureOptions,
  verifySignature,
} from "./index.ts";
import { readRequestVectors } from "./vectors.ts";

const v1 = {
  "X-API-Key": "pro_1",
  "X-Timestamp": "1704912345000",
  "X-Signature": "a".repeat(64),
};
const v2 = { ...v1, "X-Signature-Version": "2", "X-Nonce": "0123456789abcdef", "X-Content-SHA256": "b".repeat(64) };

describe("reading the signature headers", () => {
  it.each([
    ["missing_api_key", { ...v1, "X-API-Key": "" }],
    ["missing_timestamp", { ...v1, "X-Timestamp": undefined }],
    ["bad_timestamp", { ...v1, "X-Timestamp": "1704912345000abc" }],
    ["bad_timestamp", { ...v1, "X-Timestamp": "1704912345" }],
    ["bad_timestamp", { ...v1, "X-Timestamp": "-704912345000" }],
    ["bad_timestamp", { ...v1, "X-Timestamp": "1704912345e03" }],
    ["bad_timestamp", { ...v1, "X-Timestamp": ["1704912345000", "1704912345001"] }],
    ["missing_signature", { ...v1, "X-Signature": " " }],
    ["malformed_signature", { ...v1, "X-Signature": "A".repeat(64) }],
    ["malformed_signature", { ...v1, "X-Signature": "a".repeat(63) }],
    ["unknown_version", { ...v2, "X-Signature-Version": "3" }],
    ["missing_nonce", { ...v2, "X-Nonce": undefined }],
    ["malformed_nonce", { ...v2, "X-Nonce": "short" }],
    ["malformed_nonce", { ...v2, "X-Nonce": "n".repeat(129) }],
    ["missing_content_sha256", { ...v2, "X-Content-SHA256": undefined }],
    ["malformed_content_sha256", { ...v2, "X-Content-SHA256": "e3b0" }],
  ])("names what is wrong: %s", (reason, headers) => {
    const outcome = parseSignatureHeaders(headers);
    expect(outcome).toMatchObject({ ok: false, reason });
    expect(outcome.ok ? "" : outcome.message).toMatch(/^(Missing|Invalid|Unknown) X-/);
  });

  it("keeps the words callers of the first version already match on", () => {
    const message = (headers: Record<string, string>) => {
      const outcome = parseSignatureHeaders(headers);
      return outcome.ok ? "" : outcome.message;
    };
    expect(message({})).toBe("Missing X-API-Key header");
    expect(message({ "x-api-key": "k" })).toBe("Missing X-Timestamp header");
    expect(message({ "x-api-key": "k", "x-timestamp": "1704912345000" })).toBe("Missing X-Signature header");
  });

  it("reads any letter case, Node's lists and Fetch headers alike", () => {
    const expected = {
      ok: true,
      headers: { version: 1, keyId: "pro_1", timestamp: "1704912345000", signature: "a".repeat(64) },
    };
    expect(parseSignatureHeaders(v1)).toEqual(expected);
    expect(parseSignatureHeaders(new Headers(v1))).toEqual(expected);
    expect(parseSignatureHeaders({ ...v1, "X-API-Key": ["pro_1"] })).toEqual(expected);
  });

  it("accepts a timestamp within five minutes either way, edges included", () => {
    const now = 1704912345000;
    expect(
      [-300_001, -300_000, 0, 300_000, 300_001].map((offset) => isWithinWindow(String(now + offset), now)),
    ).toEqual([false, true, true, true, false]);
  });
});

describe.each(readRequestVectors())("verifying the vector $name", (vector) => {
  const { secret, keyId, method, target, nonce, bodySha256, body } = vector;
  const timestamp = String(vector.timestampMs);
  const first: VerifySignatureOptions = { version: 1, secret, timestamp, body, signature: vector.signatureV1 };
  const second: VerifySignatureOptions = {
    ...{ version: 2, secret, timestamp, nonce, method, target, keyId, bodySha256 },
    signature: vector.signatureV2,
  };

  it("accepts both versions, the second from a digest alone", async () => {
    expect(await verifySignature(first)).toEqual({ ok: true });
    expect(await verifySignature(second)).toEqual({ ok: true });
    expect(await verifySignature({ ...second, body: body ?? "" })).toEqual({ ok: true });
  });

  it("refuses either when one covered field changes", async () => {
    const bad = { ok: false, reason: "badSignature" };
    expect(await verifySignature({ ...first, body: "another body" })).toEqual(bad);
    expect(await verifySignature({ ...first, timestamp: "1704912345001" })).toEqual(bad);
    const changes = {
      timestamp: "1704912345001",
      nonce: "f".repeat(32),
      method: "PUT",
      target: `${target}&x`,
      keyId: "x",
    };
    for (const [field, value] of Object.entries(changes)) {
      expect(await verifySignature({ ...second, [field]: value }), field).toEqual(bad);
    }
    expect(await verifySignature({ ...second, bodySha256: "0".repeat(64) })).toEqual(bad);
  });

  it("tells a swapped body from a wrong signature", async () => {
    const outcome = await verifySignature({ ...second, body: "another body" });
    expect(outcome).toEqual({ ok: false, reason: "digestMismatch" });
  });
});

describe("a missing body", () => {
  const timestamp = "1704912345000";
  const secret = "s3cret";
  const signature = createHmac("sha256", secret).update(`${timestamp}:undefined`).digest("hex");

  it("signed as the word undefined is recognised, so that the answer can say what was expected", async () => {
    for (const body of [undefined, "", new Uint8Array(0)]) {
      const outcome = await verifySignature({ version: 1, secret, timestamp, body, signature });
      expect(outcome).toEqual({ ok: false, reason: "signedTheWordUndefined" });
    }
  });

  it("is not confused with a body that is the word undefined", async () => {
    const outcome = await verifySignature({ version: 1, secret, timestamp, body: "undefined", signature });
    expect(outcome).toEqual({ ok: true });
  });
});

describe("what signs and what verifies", () => {
  it("agree through real headers", async () => {
    const request = { keyId: "pro_1", secret: "s3cret", method: "post", target: "/tts?wait=1", body: '{"text":"é"}' };
    for (const version of [1, 2] as const) {
      const parsed = parseSignatureHeaders(new Headers(await signRequest({ version, ...request })));
      if (!parsed.ok) throw new Error(parsed.message);
      const { method, target, body, secret } = request;
      expect(await verifySignature({ ...parsed.headers, method, target, body, secret })).toEqual({ ok: true });
      expect(await verifySignature({ ...parsed.headers, method, target, body, secret: "other" })).toMatchObject({
        ok: false,
      });
    }
  });

  it("compare texts of any length, equal or not", () => {
    expect(timingSafeEqualHex("abc", "abc")).toBe(true);
    expect(timingSafeEqualHex("abc", "abd")).toBe(false);
    expect(timingSafeEqualHex("abc", "abcd")).toBe(false);
    expect(timingSafeEqualHex("abcd", "abc")).toBe(false);
    expect(timingSafeEqualHex("", "")).toBe(true);
  });
});
