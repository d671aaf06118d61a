import { describe, expect, it } from "vitest";
import { call, post, readWithKey, send, toSignedInit } from "../../../../test/http/call.ts";
import { bear, callAs, KEYS, type Made, makeKey } from "../../../../test/http/key-calls.ts";
import { ADMIN_KEY, type Door, OTHER_KEY, SECRET, startDoor } from "../../../../test/http/start-door.ts";

const viking = { description: "Viking warrior" };
const all = ["generate", "read", "upload", "webhooks", "keys"];
const list = async (door: Door, query = "", key?: string) =>
  (await call(door, "GET", `${KEYS}${query}`, { ...(key && { key }) })).body;

describe("201", () => {
  it("makes a key that signs, and tells its secret once: no list ever shows it", async () => {
    const door = await startDoor();
    const { status, body, made } = await makeKey(door, { name: "render farm" });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...{ name: "render farm", mode: "signed", tier: "pro", status: "active", scopes: ["generate", "read", "upload"] },
      key: expect.stringMatching(/^comfy_key_[\w-]{32}$/),
      secret: expect.stringMatching(/^comfy_secret_[\w-]{43}$/),
      webhookSecret: expect.stringMatching(/^whsec_/),
      hint: made.key.slice(-4),
    });
    expect(body).not.toHaveProperty("token");
    expect((await callAs(door, made, "POST", "/portrait", viking)).status).toBe(200);
    const shown = JSON.stringify(await list(door));
    expect(shown).toContain(made.id);
    for (const secret of [made.key, made.secret, body.webhookSecret]) expect(shown).not.toContain(secret);
  });

  it("makes a bearer key, whose token is another text than its key and is all that it takes", async () => {
    const door = await startDoor();
    const { body, made } = await makeKey(door, { mode: "bearer" });
    expect(body).toMatchObject({ mode: "bearer", token: expect.stringMatching(/^comfy_token_[\w-]{43}$/) });
    expect(body).not.toHaveProperty("secret");
    expect((await bear(door, "POST", "/portrait", made.token, viking)).status).toBe(200);
    expect((await bear(door, "GET", "/api/v1/jobs", made.token)).body.jobs).toHaveLength(1);
    expect((await bear(door, "GET", "/api/v1/jobs", made.token)).headers.get("x-ratelimit-limit")).not.toBeNull();
  });

  it("shares jobs and limits with the other keys of its owner", async () => {
    const door = await startDoor();
    const { made } = await makeKey(door);
    const { body } = await callAs(door, made, "POST", "/portrait/async", viking);
    expect((await readWithKey(door, body.pollUrl)).body.status).toBe("complete");
    expect((await readWithKey(door, body.pollUrl, OTHER_KEY)).status).toBe(404);
  });

  it("honours no Idempotency-Key, and does not pretend to", async () => {
    const door = await startDoor();
    const options = { body: { name: "once" }, headers: { "Idempotency-Key": "again" } };
    const replies = [await call(door, "POST", KEYS, options), await call(door, "POST", KEYS, options)];
    expect(replies.map(({ headers }) => headers.get("idempotency-key"))).toEqual([null, null]);
    expect(replies[0]?.body.id).not.toBe(replies[1]?.body.id);
  });
});

describe("401", () => {
  it("a signed key is refused as a bearer token, with a sentence", async () => {
    const door = await startDoor();
    const { made } = await makeKey(door);
    for (const token of [made.key, made.secret]) {
      const { status, body } = await bear(door, "POST", "/portrait", token, viking);
      expect([status, body.code]).toEqual([401, "invalid_token"]);
    }
    const { body, headers } = await bear(door, "GET", "/api/v1/jobs", made.key);
    expect(body.error).toMatch(/signs its requests.*not taken as a bearer token/);
    expect(headers.get("www-authenticate")).not.toBeNull();
  });

  it("a bearer key is refused as a signing one, and its token is no key", async () => {
    const door = await startDoor();
    const { made } = await makeKey(door, { mode: "bearer" });
    for (const secret of [made.token, made.key, SECRET]) {
      const { status, body } = await callAs(door, { key: made.key, secret }, "POST", "/portrait", viking);
      expect([status, body.error]).toEqual([401, expect.stringMatching(/proven by its token/)]);
    }
    expect((await readWithKey(door, "/jobs/portrait/x", made.token)).body.code).toBe("invalid_api_key");
  });

  it("the secret of another key, that of the environment included, signs for none", async () => {
    const door = await startDoor();
    const [first, second] = [(await makeKey(door)).made, (await makeKey(door)).made];
    for (const secret of [second.secret, SECRET])
      expect((await callAs(door, { key: first.key, secret }, "POST", "/portrait", viking)).status).toBe(401);
  });

  it.each(["", "comfy_token_", `comfy_token_${"A".repeat(43)}`, "a.b.c", "x".repeat(5_000)])(
    "a bearer token that is none: %.30s",
    async (token) => {
      const { status } = await bear(await startDoor(), "GET", "/api/v1/jobs", token);
      expect(status).toBe(401);
    },
  );
});

describe("the key alone", () => {
  it.each(["signed", "bearer"])(
    "of a %s key opens polling a job of the product surface, and nothing else",
    async (mode) => {
      const door = await startDoor();
      const { made } = await makeKey(door, { mode, scopes: all });
      const { body } = await post(door, "/portrait/async", viking);
      expect((await readWithKey(door, body.pollUrl, made.key)).status).toBe(200);
      for (const path of [
        `${body.pollUrl}/events`,
        `/api/v1/jobs/${body.jobId}`,
        "/api/v1/jobs",
        KEYS,
        "/api/v1/webhooks",
      ])
        expect((await readWithKey(door, path, made.key)).status, path).toBe(401);
    },
  );
});

describe("a rotation", () => {
  it("gives a signed key another secret; until the overlap ends both work", async () => {
    const door = await startDoor();
    const { made } = await makeKey(door);
    const { status, body } = await post(door, `${KEYS}/${made.id}/rotate`, { overlapSeconds: 60 });
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: made.id, previousUntil: expect.any(String), rotatedAt: expect.any(String) });
    expect(body).not.toHaveProperty("key");
    for (const secret of [made.secret, body.secret])
      expect((await callAs(door, { key: made.key, secret }, "POST", "/portrait", viking)).status).toBe(200);
  });

  it("without an overlap ends the old secret and the old token at once", async () => {
    const door = await startDoor();
    const signed = (await makeKey(door)).made;
    const bearer = (await makeKey(door, { mode: "bearer" })).made;
    await post(door, `${KEYS}/${signed.id}/rotate`, { overlapSeconds: 0 });
    const { body } = await post(door, `${KEYS}/${bearer.id}/rotate`, { overlapSeconds: 0 });
    expect((await callAs(door, signed, "POST", "/portrait", viking)).body.code).toBe("invalid_signature");
    expect((await bear(door, "POST", "/portrait", bearer.token, viking)).status).toBe(401);
    expect((await bear(door, "POST", "/portrait", body.token, viking)).status).toBe(200);
  });
});

describe("a revocation", () => {
  it("ends what the key opens, of its owner alone", async () => {
    const door = await startDoor();
    const { made } = await makeKey(door, { mode: "bearer", scopes: all });
    expect((await call(door, "DELETE", `${KEYS}/${made.id}`, { key: OTHER_KEY })).body.code).toBe("key_not_found");
    expect((await bear(door, "POST", "/portrait", made.token, viking)).status).toBe(200);
    expect((await call(door, "DELETE", `${KEYS}/${made.id}`)).status).toBe(204);
    expect((await bear(door, "POST", "/portrait", made.token, viking)).status).toBe(401);
    expect((await list(door)).keys[0]).toMatchObject({ id: made.id, status: "revoked", revokedAt: expect.any(String) });
  });

  it("is final: the key can be rotated by nobody", async () => {
    const door = await startDoor();
    const { made } = await makeKey(door);
    for (const _ of [1, 2]) expect((await call(door, "DELETE", `${KEYS}/${made.id}`)).status).toBe(204);
    expect((await post(door, `${KEYS}/${made.id}/rotate`)).status).toBe(404);
  });

  it("leaves links that were handed out open until they expire", async () => {
    const door = await startDoor();
    const { made } = await makeKey(door);
    const { signedUrl } = (await callAs(door, made, "POST", "/portrait", viking)).body;
    await call(door, "DELETE", `${KEYS}/${made.id}`);
    expect((await fetch(signedUrl)).status).toBe(200);
  });
});

describe("a list", () => {
  it("goes page by page, newest first", async () => {
    const door = await startDoor();
    const made = [];
    for (let n = 0; n < 3; n++) made.push((await makeKey(door)).made.id);
    const first = await list(door, "?limit=2");
    const second = await list(door, `?limit=2&cursor=${first.nextCursor}`);
    const ids = [...first.keys, ...second.keys].map(({ id }: { id: string }) => id);
    expect([ids, second.nextCursor]).toEqual([made.toReversed(), undefined]);
  });

  it("tells when a key was used last", async () => {
    const door = await startDoor();
    const { made } = await makeKey(door);
    expect((await list(door)).keys[0]).not.toHaveProperty("lastUsedAt");
    await callAs(door, made, "POST", "/portrait", viking);
    await expect.poll(async () => (await list(door)).keys[0].lastUsedAt).toEqual(expect.any(String));
  });
});

describe("operators", () => {
  const admin = (door: Door, method: string, path: string, body?: unknown) =>
    call(door, method, `/api/v1/admin/keys${path}`, { key: ADMIN_KEY, body });

  it("see the keys of everybody, or of one account, and no secrets", async () => {
    const door = await startDoor();
    const mine = (await makeKey(door)).made;
    const theirs = (await makeKey(door, {}, { key: OTHER_KEY })).made;
    const { body } = await admin(door, "GET", "");
    expect(body.keys.map(({ id }: Made) => id)).toEqual([theirs.id, mine.id]);
    expect(JSON.stringify(body)).not.toContain(mine.secret);
    const { owner } = body.keys[0];
    expect((await admin(door, "GET", `?owner=${owner}`)).body.keys).toHaveLength(1);
  });

  it("revoke a key of anybody", async () => {
    const door = await startDoor();
    const { made } = await makeKey(door);
    expect((await admin(door, "DELETE", `/${made.id}`)).status).toBe(204);
    expect((await callAs(door, made, "POST", "/portrait", viking)).status).toBe(401);
  });

  it("may let a signature of one key count twice, and take that back", async () => {
    const door = await startDoor();
    const { made } = await makeKey(door);
    const path = "/jobs/portrait/019ac1f0-0000-7000-8000-000000000000/cancel";
    const twice = async () => {
      const init = await toSignedInit("POST", path, { key: made.key, secret: made.secret });
      return [(await send(door, path, init)).status, (await send(door, path, init)).status];
    };
    expect(await twice()).toEqual([404, 401]);
    const { status, body } = await admin(door, "PATCH", `/${made.id}`, { isReplayGuarded: false });
    expect([status, body.isReplayGuarded]).toEqual([200, false]);
    expect(await twice()).toEqual([404, 404]);
    await admin(door, "PATCH", `/${made.id}`, { isReplayGuarded: true });
    expect(await twice()).toEqual([404, 401]);
  });
});
