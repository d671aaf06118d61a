import { describe, expect, it } from "vitest";
import { call, send, toSignedInit } from "../../../test/http/call.ts";
import { ADMIN_KEY, FREE_KEY, PRO_KEY, startDoor } from "../../../test/http/start-door.ts";

/** Nobody has a job of this id. */
const NO_JOB = "019ac1f0-0000-7000-8000-000000000000";

describe("a signature that the guard spends", () => {
  it("is good for one request", async () => {
    const door = await startDoor();
    const path = "/jobs/portrait/019ac1f0-0000-7000-8000-000000000000/cancel";
    const init = await toSignedInit("POST", path);
    expect((await send(door, path, init)).status).toBe(404);
    const again = await send(door, path, init);
    expect([again.status, again.body.code]).toEqual([401, "signature_replayed"]);
  });
});

describe("a signature that is sent again", () => {
  it.each([
    ["that makes no job", "POST", "/jobs/portrait/019ac1f0-0000-7000-8000-000000000000/cancel", 404],
    ["that made a job", "POST", "/portrait/async", 202],
  ] as const)(
    "with a request %s spends nothing of the caller who made it, and pays with its address",
    async (...args) => {
      const [, method, path, expected] = args;
      const door = await startDoor({ failuresPerMinute: 12 });
      const ask = () => toSignedInit(method, path, { key: FREE_KEY, body: { description: "Viking warrior" } });
      const init = await ask();
      const first = await send(door, path, init);
      expect(first.status).toBe(expected);
      for (let n = 0; n < 12; n++) expect((await send(door, path, init)).status).toBe(401);
      expect((await send(door, path, init)).status).toBe(429);
      const next = await send(door, path, await ask());
      const left = (reply: typeof next) => Number(reply.headers.get("x-ratelimit-remaining"));
      expect([next.status, left(next)]).toEqual([expected, left(first) - 1]);
    },
  );
});

describe("a signature of the first version that came with a poll", () => {
  it("repeats that poll and opens nothing else, for no key", async () => {
    const door = await startDoor();
    const { body: made } = await call(door, "POST", "/api/v1/auth/keys", { body: { name: "a key" } });
    const { body: job } = await call(door, "POST", "/portrait/async", { body: { description: "Viking warrior" } });
    const poll = await toSignedInit("GET", job.pollUrl, { version: 1 });
    for (let n = 0; n < 3; n++) expect((await send(door, job.pollUrl, poll)).status).toBe(200);
    const writes = [
      ["POST", `/api/v1/auth/keys/${made.id}/rotate`],
      ["DELETE", `/api/v1/auth/keys/${made.id}`],
      ["POST", `/jobs/portrait/${NO_JOB}/cancel`],
    ] as const;
    for (const [method, path] of writes)
      for (const key of [PRO_KEY, ADMIN_KEY]) {
        const headers = new Headers(poll.headers);
        headers.set("x-api-key", key);
        const { status, body } = await send(door, path, { method, headers });
        expect([path, key, status, body.code]).toEqual([path, key, 401, "signature_replayed"]);
      }
  });

  it("opens nothing else although the poll itself was over the limit", async () => {
    const door = await startDoor();
    const path = "/jobs/portrait/019ac1f0-0000-7000-8000-000000000000";
    const statuses = [];
    for (let n = 0; n < 60; n++) statuses.push((await send(door, path, { headers: { "x-api-key": FREE_KEY } })).status);
    expect(new Set(statuses)).toEqual(new Set([404]));
    const poll = await toSignedInit("GET", path, { version: 1, key: FREE_KEY });
    expect((await send(door, path, poll)).status).toBe(429);
    const { body } = await send(door, `${path}/cancel`, { ...poll, method: "POST" });
    expect(body.code).toBe("signature_replayed");
  });
});
