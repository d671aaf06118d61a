import { createHash, createHmac } from "node:crypto";
import { tiers } from "@comfy/contracts";
import { signRequest } from "@comfy/signing";
import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/manual-clock.ts";
import { createAuthenticate } from "./authenticate.ts";
import { createEnvironmentKeyRing } from "./environment-keys.ts";
import type { SignedRequest } from "./signed-request.ts";

const secret = "shared-secret";
const apiKey = "pro_landline";
const clock = createManualClock();
const authenticate = createAuthenticate({
  keys: createEnvironmentKeyRing({ keys: [apiKey, "vip:free_vip"], secret, limits: { vip: { concurrentJobs: 9 } } }),
  clock,
});

const lowerCase = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** What the hand-written client sends. */
function signByHand(text: string, timestamp = String(clock.nowMs()), signed = text): SignedRequest {
  const signature = createHmac("sha256", secret).update(`${timestamp}:${signed}`).digest("hex");
  const headers = { "x-api-key": apiKey, "x-timestamp": timestamp, "x-signature": signature };
  return { method: "POST", target: "/portrait", headers, body: Buffer.from(text) };
}

async function signV2(text: string, target = "/portrait"): Promise<SignedRequest> {
  const body = Buffer.from(text);
  const options = {
    version: 2,
    keyId: apiKey,
    secret,
    method: "POST",
    target,
    body,
    timestampMs: clock.nowMs(),
  } as const;
  return { method: "POST", target, headers: lowerCase(await signRequest(options)), body };
}

const withHeaders = (request: SignedRequest, headers: SignedRequest["headers"]): SignedRequest => ({
  ...request,
  headers: { ...request.headers, ...headers },
});

const body = '{ "description": "Viking  warrior é" }';

describe("a valid signature", () => {
  it("of the first version lets the hand-written client in, to the byte", async () => {
    const request = signByHand(body);
    const { caller, signature } = await authenticate.byProof(request);
    expect(caller).toMatchObject({ tier: "pro", limits: tiers.pro });
    expect(caller.ownerId).toMatch(/^env:/);
    expect(JSON.stringify(caller)).not.toContain(apiKey);
    const hash = createHash("sha256").update(String(request.headers["x-signature"])).digest("hex");
    expect(signature).toEqual({ hash, expiresAtMs: clock.nowMs() + 300_000 });
  });

  it("of the first version covers no body as nothing after the colon", async () => {
    await expect(authenticate.byProof(signByHand(""))).resolves.toHaveProperty("caller");
  });

  it("of the second version lets the SDK in", async () => {
    await expect(authenticate.byProof(await signV2(body, "/api/portrait?wait=25"))).resolves.toHaveProperty("caller");
  });

  it("counts up to five minutes either way and not a millisecond longer", async () => {
    for (const offset of [-300_000, 300_000]) {
      await expect(authenticate.byProof(signByHand(body, String(clock.nowMs() + offset)))).resolves.toBeDefined();
    }
    for (const offset of [-300_001, 300_001]) {
      const refusal = authenticate.byProof(signByHand(body, String(clock.nowMs() + offset)));
      await expect(refusal).rejects.toMatchObject({
        code: "signature_expired",
        message: "Request expired (timestamp too old or future)",
        details: { serverTimeMs: clock.nowMs() },
      });
    }
  });

  it("carries the limits that were given to its key alone", async () => {
    const request = withHeaders(signByHand(body), { "x-api-key": "free_vip" });
    const { caller } = await authenticate.byProof(request);
    expect(caller.limits).toEqual({ ...tiers.free, concurrentJobs: 9 });
  });
});

describe("a refusal", () => {
  const signed = signByHand(body);
  it.each([
    ["missing_api_key", "Missing X-API-Key header", { "x-api-key": undefined }],
    ["missing_api_key", "Missing X-API-Key header", { "x-api-key": " " }],
    ["invalid_api_key", "Invalid API key", { "x-api-key": "pro_other", "x-timestamp": undefined }],
    ["missing_timestamp", "Missing X-Timestamp header", { "x-timestamp": undefined }],
    ["invalid_timestamp", /^Invalid X-Timestamp format/, { "x-timestamp": "1704912345000abc" }],
    ["missing_signature", "Missing X-Signature header", { "x-signature": undefined }],
    ["invalid_signature", "Invalid signature", { "x-signature": "0".repeat(64) }],
    ["invalid_signature", /^Invalid X-Signature format/, { "x-signature": "zz" }],
    ["unsupported_signature_version", /^Unknown X-Signature-Version/, { "x-signature-version": "3" }],
    ["missing_nonce", /^Missing X-Nonce/, { "x-signature-version": "2" }],
  ])("says %s in the words callers know", async (code, message, headers) => {
    const refusal = authenticate.byProof(withHeaders(signed, headers));
    await expect(refusal).rejects.toMatchObject({ code, status: 401 });
    await expect(refusal).rejects.toThrow(message);
  });

  it("explains the word undefined that the sample helper signs for a missing body", async () => {
    const refusal = authenticate.byProof(signByHand("", undefined, "undefined"));
    await expect(refusal).rejects.toMatchObject({ code: "invalid_signature" });
    await expect(refusal).rejects.toThrow(/the word "undefined" was signed.*nothing after the colon/);
  });

  it.each(["x-api-key", "x-timestamp", "x-signature"])("meets a request that sends %s twice", async (name) => {
    const value = String(signed.headers[name]);
    for (const twice of [`${value}, ${value}`, [value, value]]) {
      await expect(authenticate.byProof(withHeaders(signed, { [name]: twice }))).rejects.toMatchObject({
        status: 401,
      });
    }
  });

  it("meets a body in which one byte, one space or the order of the keys differs", async () => {
    for (const text of [body.replace("V", "v"), body.replace("  ", " "), `${body} `, body.normalize("NFD")]) {
      await expect(authenticate.byProof({ ...signed, body: Buffer.from(text) })).rejects.toThrow("Invalid signature");
    }
  });

  it("meets a packed body, whether or not its signature is right", async () => {
    const refusal = authenticate.byProof(withHeaders(signed, { "content-encoding": "gzip" }));
    await expect(refusal).rejects.toMatchObject({ code: "unsupported_media_type" });
    await expect(authenticate.byProof(withHeaders(signed, { "content-encoding": "identity" }))).resolves.toBeDefined();
  });

  it("meets a second version signature used on another path, query, method, key or body", async () => {
    const request = await signV2(body);
    const moved: SignedRequest[] = [
      { ...request, target: "/image" },
      { ...request, target: "/portrait?seed=1" },
      { ...request, method: "DELETE" },
      withHeaders(request, { "x-api-key": "free_vip" }),
      withHeaders(request, { "x-nonce": "0123456789abcdef" }),
      { ...request, body: Buffer.from("{}") },
    ];
    for (const attempt of moved) {
      await expect(authenticate.byProof(attempt)).rejects.toMatchObject({ code: "invalid_signature" });
    }
  });

  it("meets a second version signature passed off as the first", async () => {
    const request = withHeaders(await signV2(body), { "x-signature-version": "1" });
    await expect(authenticate.byProof(request)).rejects.toMatchObject({ code: "invalid_signature" });
  });
});

describe("the key alone", () => {
  const poll = (headers: SignedRequest["headers"]): SignedRequest => ({
    method: "GET",
    target: "/jobs/portrait/1",
    headers,
    body: Buffer.alloc(0),
  });

  it("opens what asks for a key, with nothing to spend", async () => {
    const known = await authenticate.byKey(poll({ "x-api-key": apiKey }));
    expect(known).toEqual({ caller: expect.objectContaining({ tier: "pro" }) });
    const { caller } = await authenticate.byProof(signByHand(body));
    expect(known.caller).toEqual({ ...caller, via: "key" });
  });

  it("does not open what asks for a signature", async () => {
    await expect(authenticate.byProof(poll({ "x-api-key": apiKey }))).rejects.toMatchObject({ status: 401 });
  });

  it("is refused when it is unknown, missing, or comes with a wrong or stale signature", async () => {
    const { headers } = signByHand("");
    await expect(authenticate.byKey(poll({}))).rejects.toMatchObject({ code: "missing_api_key" });
    await expect(authenticate.byKey(poll({ "x-api-key": "pro_x" }))).rejects.toMatchObject({ code: "invalid_api_key" });
    await expect(authenticate.byKey(poll(headers))).resolves.toBeDefined();
    const wrong = poll({ ...headers, "x-signature": "0".repeat(64) });
    await expect(authenticate.byKey(wrong)).rejects.toMatchObject({ code: "invalid_signature" });
    const stale = poll(signByHand("", String(clock.nowMs() - 300_001)).headers);
    await expect(authenticate.byKey(stale)).rejects.toMatchObject({ code: "signature_expired" });
  });
});
