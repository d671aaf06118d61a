import { describe, expect, it } from "vitest";
import { call, post, readSigned, send } from "../../../../test/http/call.ts";
import { type Door, FREE_KEY, OTHER_KEY, PRO_KEY, startDoor } from "../../../../test/http/start-door.ts";

const viking = { workflow: "portrait", input: { description: "Viking warrior" } };

async function submit(door: Door, more: object = {}, key = PRO_KEY): Promise<{ id: string; path: string }> {
  const { body } = await post(door, "/api/v1/jobs", { ...viking, ...more }, { key });
  return { id: body.id, path: `/api/v1/jobs/${body.id}` };
}

describe("400", () => {
  it.each([
    [{ ...viking, invented: 1 }, "invented"],
    [{ ...viking, input: { ...viking.input, invented: 1 } }, "input.invented"],
    [{ ...viking, upload_to_cloud: true }, "upload_to_cloud"],
    [{ ...viking, input: {} }, "input.description"],
    [{ ...viking, workflow: "video" }, "workflow"],
    [{ input: viking.input }, "workflow"],
    [{ ...viking, priority: 101 }, "priority"],
    [{ ...viking, priority: 0.5 }, "priority"],
    [{ ...viking, metadata: { order: 4711 } }, "metadata.order"],
    [{ ...viking, metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`n${n}`, ""])) }, "metadata"],
    [{ ...viking, callbackUrl: "ftp://example.com" }, "callbackUrl"],
  ])("refuses %j and names the field", async (body, path) => {
    const reply = await post(await startDoor(), "/api/v1/jobs", body);
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ code: "invalid_input", requestId: expect.any(String) });
    expect(reply.body.error).toContain(`${path}: expected`);
    expect(reply.body.details).toContainEqual({ path, message: expect.stringContaining("expected") });
  });

  it("says which workflows there are", async () => {
    const { body } = await post(await startDoor(), "/api/v1/jobs", { ...viking, workflow: "video" });
    expect(body.error).toContain("expected one of portrait, image, tts, lipsync");
  });

  it("refuses bodies where nothing is asked for, and queries that nobody knows", async () => {
    const door = await startDoor({ isIdle: true });
    const { path } = await submit(door);
    expect((await post(door, `${path}/cancel`, { force: true })).status).toBe(400);
    expect((await readSigned(door, `${path}?waits=1`)).body.error).toBe("?waits: expected no field of this name");
    expect((await readSigned(door, `${path}?wait=26`)).status).toBe(400);
  });
});

describe("404", () => {
  it("tells nobody about other owners' jobs, on any route", async () => {
    const door = await startDoor({ isIdle: true });
    const { path } = await submit(door, {}, OTHER_KEY);
    const unknown = "/api/v1/jobs/019ac1f0-0000-7000-8000-000000000000";
    for (const [method, suffix] of [
      ["GET", ""],
      ["GET", "/result"],
      ["GET", "/events"],
      ["DELETE", ""],
      ["POST", "/cancel"],
      ["POST", "/retry"],
    ] as const) {
      const [theirs, nobodys] = [await call(door, method, path + suffix), await call(door, method, unknown + suffix)];
      expect([theirs.status, nobodys.status, theirs.body.code, nobodys.body.code], method + suffix).toEqual([
        404,
        404,
        "job_not_found",
        "job_not_found",
      ]);
    }
    expect((await readSigned(door, path, OTHER_KEY)).body.status).toBe("pending");
  });

  it.each(["..%2f..%2fetc", "%00", "1", "'%20or%201=1--"])("is the answer to the id %s", async (id) => {
    const { status } = await readSigned(await startDoor(), `/api/v1/jobs/${id}`);
    expect(status).toBe(404);
  });
});

describe("405", () => {
  it("says what a path takes", async () => {
    const { status, headers } = await send(await startDoor(), "/api/v1/jobs/1", { method: "PUT" });
    expect(status).toBe(405);
    expect(headers.get("allow")).toBe("GET, DELETE, HEAD");
  });
});

describe("409", () => {
  it("says that an ended job cannot be cancelled, and where it is read", async () => {
    const door = await startDoor();
    const { path } = await submit(door);
    const { status, body } = await call(door, "DELETE", path);
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: "job_already_finished", pollUrl: path });
  });
});

describe("422", () => {
  it("refuses a key that was used with another body", async () => {
    const door = await startDoor();
    const headers = { "Idempotency-Key": "order-4711" };
    await post(door, "/api/v1/jobs", viking, { headers });
    const { status, body } = await post(door, "/api/v1/jobs", { ...viking, priority: 1 }, { headers });
    expect([status, body.code]).toEqual([422, "idempotency_key_reused"]);
  });
});

describe("429", () => {
  it("ends a free owner's day on both surfaces together", async () => {
    const deps = { limitRequest: async () => undefined };
    const door = await startDoor({ deps, isIdle: true });
    for (let n = 0; n < 5; n++) {
      await submit(door, {}, FREE_KEY);
      await post(door, "/portrait/async", viking.input, { key: FREE_KEY });
    }
    const { status, body, headers } = await post(door, "/api/v1/jobs", viking, { key: FREE_KEY });
    expect([status, body.code]).toEqual([429, "generations_exhausted"]);
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  });
});

describe("503", () => {
  it("says that the queue is switched off, and what is not", async () => {
    const door = await startDoor({ flags: { isAsyncEnabled: false } });
    const { status, body } = await post(door, "/api/v1/jobs", viking);
    expect([status, body.code]).toEqual([503, "async_disabled"]);
    expect((await post(door, "/api/v1/generate", viking)).status).toBe(200);
  });
});
