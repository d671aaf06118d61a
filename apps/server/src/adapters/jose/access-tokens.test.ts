import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createManualClock } from "../../../test/manual-clock.ts";
import { AppError } from "../../errors.ts";
import { createId } from "../../ids.ts";
import { createAccessTokens } from "./access-tokens.ts";

const secret = Buffer.alloc(32, 7);
const deploymentId = "deployment-1";
const subject = { userId: createId(), sessionId: createId() };
const keys = {
  current: async () => ({ id: "k1", secret }),
  find: async (id: string) => (id === "k1" ? { id, secret } : undefined),
};

function open() {
  const clock = createManualClock();
  return { clock, tokens: createAccessTokens({ keys, clock, deploymentId }) };
}

const print = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url");
const hs256 = (text: string, key: Uint8Array = secret) => createHmac("sha256", key).update(text).digest("base64url");

/** A token that a test made by hand. */
function forge(header: object, claims: object, toSignature: (text: string) => string = hs256): string {
  const { clock } = open();
  const at = Math.floor(clock.nowMs() / 1000);
  const usual = { iss: `comfy:${deploymentId}`, aud: "comfy-api", sub: subject.userId, sid: subject.sessionId };
  const text = `${print({ alg: "HS256", typ: "at+jwt", kid: "k1", ...header })}.${print({ ...usual, iat: at, exp: at + 600, ...claims })}`;
  return `${text}.${toSignature(text)}`;
}

describe("an access token", () => {
  it("names the user and the session, for ten minutes", async () => {
    const { clock, tokens } = open();
    const { token, ttlMs } = await tokens.issue(subject);
    expect(ttlMs).toBe(600_000);
    expect(await tokens.read(token)).toEqual(subject);
    clock.advance(599_000);
    expect(await tokens.read(token)).toEqual(subject);
    clock.advance(10_000);
    await expect(tokens.read(token)).rejects.toMatchObject({ code: "token_expired", status: 401 });
  });

  it("says nothing of what its bearer may do, so that nothing of it can grow old", async () => {
    const { tokens } = open();
    const [, claims = ""] = (await tokens.issue(subject)).token.split(".");
    const names = Object.keys(JSON.parse(Buffer.from(claims, "base64url").toString()));
    expect(names.toSorted()).toEqual(["aud", "exp", "iat", "iss", "jti", "sid", "sub"]);
  });

  it("is what a test can make by hand, so that the forgeries below fail for what is wrong with them", async () => {
    expect(await open().tokens.read(forge({}, {}))).toEqual(subject);
  });

  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const late = Math.floor(open().clock.nowMs() / 1000);
  it.each([
    ["no signature (alg none)", forge({ alg: "none" }, {}, () => "")],
    ["alg None in odd letters", forge({ alg: "nOnE" }, {}, () => "")],
    ["alg none over a right signature", forge({ alg: "none" }, {})],
    [
      "another hash of the same key",
      forge({ alg: "HS512" }, {}, (text) => createHmac("sha512", secret).update(text).digest("base64url")),
    ],
    [
      "a public-key algorithm",
      forge({ alg: "RS256" }, {}, (text) => sign("sha256", Buffer.from(text), privateKey).toString("base64url")),
    ],
    ["a public key used as the secret", forge({}, {}, (text) => hs256(text, Buffer.from(pem)))],
    ["another secret", forge({}, {}, (text) => hs256(text, Buffer.alloc(32, 8)))],
    ["an empty signature", forge({}, {}, () => "")],
    [
      "a signature of other claims",
      `${forge({}, {}).split(".").slice(0, 1)}.${print({ sub: "x" })}.${forge({}, {}).split(".")[2]}`,
    ],
    ["a key that nobody knows", forge({ kid: "k2" }, {})],
    [
      "a key from elsewhere in the header",
      forge({ kid: undefined, jku: "https://evil.example/keys", jwk: { kty: "oct", k: "AA" } }, {}),
    ],
    ["no kid", forge({ kid: undefined }, {})],
    ["a kid that is no text", forge({ kid: ["k1"] }, {})],
    ["a critical header", forge({ crit: ["exp"] }, {})],
    ["another type", forge({ typ: "JWT" }, {})],
    ["another deployment", forge({}, { iss: "comfy:deployment-2" })],
    ["no issuer", forge({}, { iss: undefined })],
    ["another audience", forge({}, { aud: "comfy-links" })],
    ["no audience", forge({}, { aud: undefined })],
    ["no end", forge({}, { exp: undefined })],
    ["an end that is no number", forge({}, { exp: "tomorrow" })],
    ["a beginning in the future", forge({}, { nbf: late + 3_600 })],
    ["no session", forge({}, { sid: undefined })],
    ["a session that is no id", forge({}, { sid: "'; drop table comfy.sessions; --" })],
    ["a user that is no id", forge({}, { sub: "admin" })],
    ["an encrypted token", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA"],
    ["nothing", ""],
    ["dots", ".."],
    ["a header that is no JSON", `e30.${print({})}.AAAA`],
    ["100 kB", forge({}, { pad: "x".repeat(100_000) })],
  ])("is refused with %s", async (_, token) => {
    await expect(open().tokens.read(token)).rejects.toMatchObject({ code: "invalid_token", status: 401 });
  });

  it("is refused as expired only when it was one of ours", async () => {
    const old = { exp: 1_000, iat: 400 };
    await expect(open().tokens.read(forge({}, old))).rejects.toMatchObject({ code: "token_expired" });
    await expect(open().tokens.read(forge({}, old, (text) => hs256(text, Buffer.alloc(32))))).rejects.toMatchObject({
      code: "invalid_token",
    });
  });

  it("is not called wrong when its key cannot be looked up", async () => {
    const unavailable = new AppError("unavailable", "The database cannot be reached.");
    const away = { ...keys, find: () => Promise.reject(unavailable) };
    const tokens = createAccessTokens({ keys: away, clock: createManualClock(), deploymentId });
    await expect(tokens.read(forge({}, {}))).rejects.toBe(unavailable);
  });
});
