import { describe, expect, it } from "vitest";
import { call, post, readSigned, readWithKey, send } from "../../../../test/http/call.ts";
import { type Door, FREE_KEY, OTHER_KEY, PRO_KEY, startDoor } from "../../../../test/http/start-door.ts";

async function submit(door: Door, key = PRO_KEY): Promise<{ id: string; path: string }> {
  const { body } = await post(door, "/portrait/async", { description: "Viking warrior" }, { key });
  return { id: body.jobId, path: body.pollUrl };
}

describe("200", () => {
  it("reads a waiting job with the key alone, and spends none of the request limits", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const { status, body, headers } = await readWithKey(door, path);
    expect(status).toBe(200);
    expect(body).toEqual({
      id,
      status: "pending",
      createdAt: expect.any(String),
      progress: { value: 0 },
      seed: expect.any(Number),
    });
    expect(new Date(body.createdAt).toISOString()).toBe(body.createdAt);
    expect(headers.get("x-ratelimit-limit")).toBe("600");
    expect(headers.get("cache-control")).toBe("no-store");
  });

  it("nests the result of a complete job as its first consumers read it", async () => {
    const door = await startDoor();
    const { id, path } = await submit(door);
    const { body } = await readWithKey(door, path);
    expect(body).toMatchObject({ id, status: "complete", completedAt: expect.any(String) });
    expect(body.result).toMatchObject({ status: "complete", result: { taskId: id, prompt: expect.any(String) } });
  });

  it("accepts a signature as well, which may be used again: reads change nothing", async () => {
    const door = await startDoor();
    const { path } = await submit(door);
    for (const version of [1, 2] as const) expect((await call(door, "GET", path, { version })).status).toBe(200);
  });

  it("tells why a job failed, with HTTP 200: the read went well", async () => {
    const door = await startDoor({ isIdle: true });
    const { id: jobId, path } = await submit(door);
    const failure = { code: "generation_failed" as const, message: "Node 5 raised.", details: { node: "5" } };
    await door.finishJob({ jobId, ending: { state: "failed", failure }, isRefunded: false });
    const { status, body } = await readWithKey(door, path);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: "failed",
      error: "Node 5 raised.",
      code: "generation_failed",
      details: { node: "5" },
    });
  });

  it("holds a read with ?wait= until the job ends", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const held = readWithKey(door, `${path}?wait=20`);
    await door.complete(id);
    expect((await held).body.status).toBe("complete");
  });

  it("answers with the job as it stands when the wait is over", async () => {
    const door = await startDoor({ isIdle: true });
    const { path } = await submit(door);
    const { status, body } = await readWithKey(door, `${path}?wait=0.05`);
    expect(status).toBe(200);
    expect(body.status).toBe("pending");
  });

  it("answers HEAD without a body", async () => {
    const door = await startDoor();
    const { path } = await submit(door);
    const reply = await send(door, path, { method: "HEAD", headers: { "X-API-Key": PRO_KEY } });
    expect(reply.status).toBe(200);
    expect(reply.body).toBe("");
  });

  it("cancels a waiting job, and says so again when asked again", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    for (const _ of [1, 2]) {
      const { status, body } = await post(door, `${path}/cancel`);
      expect(status).toBe(200);
      expect(body).toMatchObject({ id, status: "cancelled", code: "cancelled" });
    }
  });
});

describe("400", () => {
  it.each(["26", "-1", "soon", "1e9", "NaN"])("refuses ?wait=%s and says what is possible", async (wait) => {
    const door = await startDoor();
    const { path } = await submit(door);
    const { status, body } = await readWithKey(door, `${path}?wait=${wait}`);
    expect(status).toBe(400);
    expect(body.error).toContain(`?wait: expected a number`);
    expect(body.error).toContain(`got "${wait}"`);
  });

  it("refuses a wait that is given twice", async () => {
    const door = await startDoor();
    const { path } = await submit(door);
    expect((await readWithKey(door, `${path}?wait=1&wait=2`)).status).toBe(400);
  });

  it("refuses paths that are not text", async () => {
    const { status, body } = await readWithKey(await startDoor(), "/jobs/portrait/%E0%A4%A");
    expect(status).toBe(400);
    expect(body.error).toContain("percent-encoded");
  });
});

describe("401", () => {
  it("wants a signature for a cancel: the key alone may only read", async () => {
    const door = await startDoor({ isIdle: true });
    const { path } = await submit(door);
    const { status, body } = await send(door, `${path}/cancel`, { method: "POST", headers: { "X-API-Key": PRO_KEY } });
    expect(status).toBe(401);
    expect(body.code).toBe("missing_timestamp");
    expect((await readWithKey(door, path)).body.status).toBe("pending");
  });

  it("checks a signature that is there although the key would do", async () => {
    const door = await startDoor();
    const { path } = await submit(door);
    const { status, body } = await call(door, "GET", path, { secret: "a secret that is not the right one" });
    expect(status).toBe(401);
    expect(body.code).toBe("invalid_signature");
  });
});

describe("404", () => {
  it("tells nobody about other owners' jobs: reading, following and cancelling alike", async () => {
    const door = await startDoor({ isIdle: true });
    const { path } = await submit(door, OTHER_KEY);
    const unknown = "/jobs/portrait/019ac1f0-0000-7000-8000-000000000000";
    for (const suffix of ["", "/events"]) {
      const [theirs, nobodys] = [await readSigned(door, path + suffix), await readSigned(door, unknown + suffix)];
      expect([theirs.status, nobodys.status]).toEqual([404, 404]);
      expect(theirs.body.code).toBe(nobodys.body.code);
    }
    expect((await post(door, `${path}/cancel`)).status).toBe(404);
    expect((await readWithKey(door, path, OTHER_KEY)).body.status).toBe("pending");
  });

  it("is the answer to a wrong kind", async () => {
    const door = await startDoor();
    const { id } = await submit(door);
    for (const kind of ["image", "video", "constructor", "__proto__"])
      expect((await readWithKey(door, `/jobs/${kind}/${id}`)).status, kind).toBe(404);
  });

  it.each([
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "%00",
    "1",
    "a".repeat(5000),
    "019AC1F0-0000-7000-8000-000000000000",
    "'%20or%201=1--",
  ])("is the answer to the id %s", async (id) => {
    const { status, body } = await readWithKey(await startDoor(), `/jobs/portrait/${id}`);
    expect(status).toBe(404);
    expect(body.code).toMatch(/not_found$/);
  });
});

describe("409", () => {
  it("says that an ended job cannot be cancelled", async () => {
    const door = await startDoor();
    const { path } = await submit(door);
    const { status, body } = await post(door, `${path}/cancel`);
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: "job_already_finished", pollUrl: path });
  });
});

describe("429", () => {
  it("lets a free owner poll twelve times a minute and sixty at the most, outside the request limits", async () => {
    const door = await startDoor({ isIdle: true });
    const { path } = await submit(door, FREE_KEY);
    const read = () => readWithKey(door, path, FREE_KEY);
    for (let n = 0; n < 60; n++) expect((await read()).status).toBe(200);
    const { status, headers } = await read();
    expect(status).toBe(429);
    expect(headers.get("x-ratelimit-limit")).toBe("60");
    const other = await post(door, "/portrait/async", { description: "still served" }, { key: FREE_KEY });
    expect(other.headers.get("x-ratelimit-remaining")).toBe("8");
  });
});
