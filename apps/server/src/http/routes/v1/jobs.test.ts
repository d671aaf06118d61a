import { describe, expect, it } from "vitest";
import { call, post, readSigned } from "../../../../test/http/call.ts";
import { type Door, startDoor } from "../../../../test/http/start-door.ts";

const viking = { workflow: "portrait", input: { description: "Viking warrior" } };

async function submit(door: Door, more: object = {}): Promise<{ id: string; path: string }> {
  const { body } = await post(door, "/api/v1/jobs", { ...viking, ...more });
  return { id: body.id, path: `/api/v1/jobs/${body.id}` };
}

async function fail(door: Door, jobId: string): Promise<void> {
  const failure = { code: "generation_failed" as const, message: "Node 5 raised.", details: { node: "5" } };
  await door.finishJob({ jobId, ending: { state: "failed", failure }, isRefunded: false });
}

describe("201", () => {
  it("makes a job and says where it is read", async () => {
    const door = await startDoor({ isIdle: true });
    const metadata = { order: "4711" };
    const { status, body, headers } = await post(door, "/api/v1/jobs", { ...viking, priority: 7, metadata });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: door.accepted[0],
      job_id: door.accepted[0],
      workflow: "portrait",
      status: "pending",
      createdAt: expect.any(String),
      seed: 42,
      priority: 7,
      progress: { value: 0 },
      key: expect.stringMatching(/^key-/),
      metadata,
    });
    expect(headers.get("location")).toBe(`/api/v1/jobs/${body.id}`);
  });

  it.each([
    ["image", { prompt: "a lighthouse" }],
    ["tts", { text: "Hello." }],
    ["lipsync", { portrait_image: "https://example.com/a.png", audio: "https://example.com/a.wav" }],
  ])("takes the workflow %s", async (workflow, input) => {
    const { status, body } = await post(await startDoor(), "/api/v1/jobs", { workflow, input });
    expect([status, body.workflow]).toEqual([201, workflow]);
  });

  it("gives the first answer again for the same key and body, and says so", async () => {
    const door = await startDoor({ isIdle: true });
    const headers = { "Idempotency-Key": "order-4711" };
    const [first, again] = [
      await post(door, "/api/v1/jobs", viking, { headers }),
      await post(door, "/api/v1/jobs", viking, { headers: { "Idempotency-Key": '"order-4711"' } }),
    ];
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body.id).toBe(first.body.id);
    expect(first.headers.get("idempotency-key")).toBe("order-4711");
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    expect(again.headers.get("idempotency-replayed")).toBe("true");
  });

  it("keeps the keys of the two surfaces apart", async () => {
    const door = await startDoor({ isIdle: true });
    const headers = { "Idempotency-Key": "one" };
    const product = await post(door, "/portrait/async", viking.input, { headers });
    const platform = await post(door, "/api/v1/jobs", viking, { headers });
    expect([product.status, platform.status]).toEqual([202, 201]);
    expect(platform.body.id).not.toBe(product.body.jobId);
  });

  it("makes a job whose bytes stay off the cloud and whose end is told", async () => {
    const door = await startDoor({ isIdle: true });
    const input = { ...viking.input, upload_to_cloud: false };
    const { id } = await submit(door, { input, callbackUrl: "https://example.com/done" });
    expect(await door.jobs.find(id)).toMatchObject({
      callbackUrl: "https://example.com/done",
      isUploadedToCloud: false,
    });
  });
});

describe("200", () => {
  it("reads with the key alone, from the bucket of job reads", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const { status, body, headers } = await readSigned(door, path);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id, status: "pending" });
    expect(headers.get("x-ratelimit-limit")).toBe("600");
  });

  it("tells a complete job its result once, not nested", async () => {
    const door = await startDoor();
    const { id, path } = await submit(door);
    const { body } = await readSigned(door, path);
    expect(body).toMatchObject({ status: "completed", progress: { value: 1 }, completedAt: expect.any(String) });
    expect(body.result).toMatchObject({ taskId: id, model: "flux-schnell", signedUrl: expect.any(String) });
  });

  it("tells why a job failed, in the words of errors", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    await fail(door, id);
    const { status, body } = await readSigned(door, path);
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: "failed", error: "Node 5 raised.", code: "generation_failed" });
    expect(body.details).toEqual({ node: "5" });
  });

  it("calls a job failed that outlived its deadline", async () => {
    const door = await startDoor({ isIdle: true });
    const { id: jobId, path } = await submit(door);
    const failure = { code: "deadline_exceeded" as const, message: "Too late." };
    await door.finishJob({ jobId, ending: { state: "expired", failure }, isRefunded: false });
    expect((await readSigned(door, path)).body).toMatchObject({ status: "failed", code: "deadline_exceeded" });
  });

  it("holds a read with ?wait= until the job ends", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const held = readSigned(door, `${path}?wait=20`);
    await door.complete(id);
    expect((await held).body.status).toBe("completed");
  });

  it("shows the jobs of one surface on the other", async () => {
    const door = await startDoor();
    const { id } = await submit(door);
    expect((await readSigned(door, `/jobs/portrait/${id}`)).body.status).toBe("complete");
    const { body } = await post(door, "/portrait/async", viking.input);
    expect((await readSigned(door, `/api/v1/jobs/${body.jobId}`)).body.status).toBe("completed");
  });

  it.each([
    ["DELETE", ""],
    ["POST", "/cancel"],
  ])("cancels a waiting job by %s %s, and says so again when asked again", async (method, suffix) => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    for (const _ of [1, 2]) {
      const { status, body } = await call(door, method, path + suffix);
      expect(status).toBe(200);
      expect(body).toMatchObject({ id, status: "cancelled", code: "cancelled" });
    }
  });

  it("streams events under the platform path, the end last", async () => {
    const door = await startDoor();
    const { id, path } = await submit(door);
    const { status, body, headers } = await readSigned(door, `${path}/events`);
    expect(status).toBe(200);
    expect(headers.get("content-type")).toContain("text/event-stream");
    expect(body).toContain(`"type":"completed"`);
    expect(body).toContain(id);
  });
});
