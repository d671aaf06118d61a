import { signRequest } from "@comfy/signing";
import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/manual-clock.ts";
import { createAuthenticate } from "./authenticate.ts";
import type { ApiKey, KeyRing } from "./key-ring.ts";

const clock = createManualClock();
const key: ApiKey = {
  id: "key-1",
  ownerId: "user:1",
  mode: "signed",
  tier: "pro",
  // The one before still counts while it is being replaced.
  secrets: ["the newest secret", "the secret before"],
  scopes: ["upload"],
  isReplayGuarded: true,
  owner: { tier: "pro", isAdmin: false },
};
const ring: KeyRing = {
  find: async (text) => (text === "signed" ? key : text === "bearer-key" ? { ...key, mode: "bearer" } : undefined),
  findByToken: async (token) => (token === "a-token" ? { ...key, mode: "bearer" } : undefined),
  findById: async () => key,
  noteUse() {},
};
const authenticate = createAuthenticate({ keys: ring, clock });
const target = "/api/v1/upload";

async function open(version: 1 | 2, body: string, secret = key.secrets[0] ?? "") {
  const signed = await signRequest({
    ...{ version, keyId: "signed", secret, method: "POST", target, body },
    timestampMs: clock.nowMs(),
  });
  const headers = Object.fromEntries(Object.entries(signed).map(([name, value]) => [name.toLowerCase(), value]));
  return authenticate.byStream({ method: "POST", target, headers });
}

const show = async (opened: ReturnType<typeof open>, ...pieces: readonly string[]) => {
  const { proof } = await opened;
  for (const piece of pieces) proof?.update(Buffer.from(piece));
  return () => proof?.assertGenuine();
};

describe("a body that is proven while it streams by", () => {
  it.each([1, 2] as const)("is the one that was signed, in whichever pieces it comes (version %s)", async (version) => {
    for (const pieces of [["abc"], ["a", "", "bc"]]) expect(await show(open(version, "abc"), ...pieces)).not.toThrow();
    expect(await show(open(version, ""))).not.toThrow();
  });

  it.each([1, 2] as const)("is not another one, a longer or a shorter one (version %s)", async (version) => {
    for (const other of ["abd", "abcd", "ab", ""]) {
      expect(await show(open(version, "abc"), other), other).toThrow(/^Invalid signature/);
    }
  });

  it("may be signed with the secret that is being replaced", async () => {
    for (const version of [1, 2] as const) {
      expect(await show(open(version, "abc", "the secret before"), "abc")).not.toThrow();
    }
  });

  it("by version 2 has proven its sender with its headers, by version 1 with its last byte", async () => {
    expect((await open(2, "abc")).proof?.isCallerProven).toBe(true);
    expect((await open(1, "abc")).proof?.isCallerProven).toBe(false);
    await expect(open(2, "abc", "a stranger's secret")).rejects.toMatchObject({ code: "invalid_signature" });
    expect(await show(open(1, "abc", "a stranger's secret"), "abc")).toThrow("Invalid signature");
  });

  it("leaves a signature to be spent", async () => {
    for (const version of [1, 2] as const)
      expect((await open(version, "abc")).signature?.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it("is nothing to look at where a token is the proof", async () => {
    const opened = await authenticate.byStream({
      method: "POST",
      target,
      headers: { authorization: "Bearer a-token" },
    });
    expect(opened).toMatchObject({ caller: { via: "bearer", ownerId: "user:1" } });
    expect(opened).not.toHaveProperty("proof");
    const strangers = [{}, { authorization: "Bearer other" }, { "x-api-key": "other" }, { "x-api-key": "bearer-key" }];
    for (const headers of strangers)
      await expect(authenticate.byStream({ method: "POST", target, headers })).rejects.toMatchObject({ status: 401 });
  });

  it("is refused by its headers when they are old, or say that it is packed", async () => {
    const headers = {
      "x-api-key": "signed",
      "x-timestamp": String(clock.nowMs() - 300_001),
      "x-signature": "0".repeat(64),
    };
    await expect(authenticate.byStream({ method: "POST", target, headers })).rejects.toMatchObject({
      code: "signature_expired",
    });
    const packed = { ...headers, "x-timestamp": String(clock.nowMs()), "content-encoding": "gzip" };
    await expect(authenticate.byStream({ method: "POST", target, headers: packed })).rejects.toMatchObject({
      code: "unsupported_media_type",
    });
  });
});
