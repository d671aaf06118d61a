import { type VerifySignatureOptions, verifySignature } from "@comfy/signing";
import { readRequestVectors } from "@comfy/signing/vectors";
import { describe, expect, it } from "vitest";
import { verifySignatureNow } from "./verify-signature.ts";

describe.each(readRequestVectors())("the vector $name", (vector) => {
  const { secret, keyId, method, target, nonce, bodySha256, body } = vector;
  const timestamp = String(vector.timestampMs);
  const first: VerifySignatureOptions = { version: 1, secret, timestamp, body, signature: vector.signatureV1 };
  const second: VerifySignatureOptions = {
    ...{ version: 2, secret, timestamp, nonce, method, target, keyId, bodySha256 },
    signature: vector.signatureV2,
  };

  it("is accepted in both versions, the second from a digest alone", () => {
    for (const options of [first, second, { ...second, body: body ?? "" }])
      expect(verifySignatureNow(options)).toEqual({ ok: true });
  });

  it("is judged as the signing package judges it, whatever is changed", async () => {
    const changed: VerifySignatureOptions[] = [
      { ...first, body: "another body" },
      { ...first, body: "" },
      { ...first, timestamp: "1704912345001" },
      { ...first, secret: "another" },
      { ...first, signature: vector.signatureV2 },
      { ...second, body: "another body" },
      { ...second, timestamp: "1704912345001" },
      { ...second, nonce: "f".repeat(32) },
      { ...second, method: "PUT" },
      { ...second, target: `${target}&x` },
      { ...second, keyId: "x" },
      { ...second, bodySha256: "0".repeat(64) },
      { ...second, secret: "another" },
      { ...second, signature: vector.signatureV1 },
    ];
    for (const options of changed) expect(verifySignatureNow(options)).toEqual(await verifySignature(options));
  });
});

describe("a missing body", () => {
  it("that was signed as the word undefined is told apart, as the signing package does", async () => {
    const { createHmac } = await import("node:crypto");
    const timestamp = "1704912345000";
    const secret = "s3cret";
    const signature = createHmac("sha256", secret).update(`${timestamp}:undefined`).digest("hex");
    for (const body of [undefined, "", new Uint8Array(0), "undefined"]) {
      const options = { version: 1, secret, timestamp, body, signature } as const;
      expect(verifySignatureNow(options)).toEqual(await verifySignature(options));
    }
    expect(verifySignatureNow({ version: 1, secret, timestamp, body: "", signature })).toMatchObject({
      reason: "signedTheWordUndefined",
    });
  });
});
