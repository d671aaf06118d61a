import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createNonce, sha256Hex, signRequest } from "./index.ts";
import { readRequestVectors } from "./vectors.ts";

describe.each(readRequestVectors())("the vector $name", (vector) => {
  it("signs the exact bytes under version 1, as OpenSSL does", async () => {
    const headers = await signRequest({ version: 1, ...vector });
    expect(headers).toEqual({
      "X-API-Key": vector.keyId,
      "X-Timestamp": String(vector.timestampMs),
      "X-Signature": vector.signatureV1,
    });
  });

  it("signs method, target, key, nonce and digest under version 2, as OpenSSL does", async () => {
    const headers = await signRequest({ version: 2, ...vector });
    expect(headers).toMatchObject({
      "X-Signature": vector.signatureV2,
      "X-Signature-Version": "2",
      "X-Nonce": vector.nonce,
      "X-Content-SHA256": vector.bodySha256,
    });
  });

  it("gives text and its UTF-8 bytes the same digest", async () => {
    const bytes = typeof vector.body === "string" ? new TextEncoder().encode(vector.body) : vector.body;
    expect(await sha256Hex(bytes)).toBe(vector.bodySha256);
  });
});

describe("signing a request", () => {
  const request = { keyId: "pro_1", secret: "s3cret", method: "POST", target: "/portrait" } as const;

  it("agrees with the documented shell form, openssl and all", async () => {
    const body = '{"description":"Viking warrior 🪓"}';
    const timestampMs = 1704912345000;
    const script = `echo -n "\${TIMESTAMP}:\${BODY}" | openssl dgst -sha256 -hmac "$API_SECRET" | cut -d' ' -f2`;
    const shell = execFileSync("bash", ["-c", script], {
      env: { ...process.env, TIMESTAMP: String(timestampMs), BODY: body, API_SECRET: request.secret },
      encoding: "utf8",
    });
    const headers = await signRequest({ ...request, version: 1, body, timestampMs });
    expect(headers["X-Signature"]).toBe(shell.trim());
  });

  it("puts nothing behind the colon when there is no body, never the word undefined", async () => {
    const headers = await signRequest({ ...request, version: 1, body: undefined, timestampMs: 1704912345000 });
    expect(headers["X-Signature"]).toBe(createHmac("sha256", "s3cret").update("1704912345000:").digest("hex"));
  });

  it("stamps the present and a fresh nonce, so that two attempts never share a signature", async () => {
    const before = Date.now();
    const [first, second] = await Promise.all([1, 2].map(() => signRequest({ ...request, version: 2, body: "{}" })));
    expect(first?.["X-Signature"]).not.toBe(second?.["X-Signature"]);
    expect(first?.["X-Nonce"]).toMatch(/^[0-9a-f]{32}$/);
    expect(Number(first?.["X-Timestamp"])).toBeGreaterThanOrEqual(before);
    expect(new Set(Array.from({ length: 1000 }, createNonce)).size).toBe(1000);
  });

  it("signs a view into a larger buffer and shared memory by its own bytes", async () => {
    const large = new TextEncoder().encode("xx{}xx");
    const shared = new Uint8Array(new SharedArrayBuffer(2));
    shared.set([123, 125]);
    expect(await sha256Hex(large.subarray(2, 4))).toBe(await sha256Hex("{}"));
    expect(await sha256Hex(shared)).toBe(await sha256Hex("{}"));
  });

  it("refuses an empty secret with a sentence", async () => {
    await expect(signRequest({ ...request, secret: "", version: 1 })).rejects.toThrow("The signing secret is empty");
  });

  it("keeps signing right after more secrets than it remembers", async () => {
    const sign = async (index: number) => {
      const headers = await signRequest({
        ...request,
        secret: `secret ${index}`,
        version: 1,
        timestampMs: 1704912345000,
      });
      return headers["X-Signature"];
    };
    const expected = (index: number) => createHmac("sha256", `secret ${index}`).update("1704912345000:").digest("hex");
    for (let index = 0; index < 600; index++) expect(await sign(index)).toBe(expected(index));
    expect(await sign(0)).toBe(expected(0));
  });
});
