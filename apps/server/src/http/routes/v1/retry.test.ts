import { describe, expect, it } from "vitest";
import { call, post, readSigned } from "../../../../test/http/call.ts";
import { type Door, FREE_KEY, PRO_KEY, startDoor } from "../../../../test/http/start-door.ts";

const asked = {
  workflow: "portrait",
  input: { description: "Viking warrior", seed: 7, upload_to_cloud: false },
  priority: 3,
  metadata: { order: "4711" },
  callbackUrl: "https://example.com/done",
};

async function submitAndFail(door: Door, key = PRO_KEY): Promise<string> {
  const { body } = await post(door, "/api/v1/jobs", asked, { key });
  const failure = { code: "generation_failed" as const, message: "Node 5 raised." };
  await door.finishJob({ jobId: body.id, ending: { state: "failed", failure }, isRefunded: false });
  return body.id;
}

const retry = (door: Door, id: string, key = PRO_KEY) => call(door, "POST", `/api/v1/jobs/${id}/retry`, { key });

describe("201", () => {
  it("makes a new job of the same plan; the old one stays as it ended", async () => {
    const door = await startDoor({ isIdle: true });
    const id = await submitAndFail(door);
    const { status, body, headers } = await retry(door, id);
    expect(status).toBe(201);
    expect(body).toMatchObject({ status: "pending", retryOf: id, seed: 7, priority: 3, metadata: asked.metadata });
    expect(body.id).not.toBe(id);
    expect(headers.get("location")).toBe(`/api/v1/jobs/${body.id}`);
    const [before, after] = [await door.jobs.find(id), await door.jobs.find(body.id)];
    expect(after?.plan).toEqual(before?.plan);
    expect(after).toMatchObject({ callbackUrl: asked.callbackUrl, isUploadedToCloud: false });
    expect((await readSigned(door, `/api/v1/jobs/${id}`)).body).toMatchObject({
      status: "failed",
      retriedBy: body.id,
    });
  });

  it("tries a cancelled job again, and a retry that failed", async () => {
    const door = await startDoor({ isIdle: true });
    const { body } = await post(door, "/api/v1/jobs", asked);
    await call(door, "DELETE", `/api/v1/jobs/${body.id}`);
    const first = await retry(door, body.id);
    expect(first.status).toBe(201);
    await call(door, "DELETE", `/api/v1/jobs/${first.body.id}`);
    expect((await retry(door, first.body.id)).status).toBe(201);
  });

  it("takes jobs of the product surface", async () => {
    const door = await startDoor({ isIdle: true });
    const { body } = await post(door, "/portrait/async", { description: "a fisherman" });
    await call(door, "DELETE", `/api/v1/jobs/${body.jobId}`);
    expect((await retry(door, body.jobId)).status).toBe(201);
  });
});

describe("200", () => {
  it("answers a second retry with the first one", async () => {
    const door = await startDoor({ isIdle: true });
    const id = await submitAndFail(door);
    const first = await retry(door, id);
    const again = await retry(door, id);
    expect([again.status, again.body.id]).toEqual([200, first.body.id]);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
  });

  it("makes one job of two retries at once", async () => {
    const door = await startDoor({ isIdle: true });
    const id = await submitAndFail(door);
    const answers = await Promise.all([retry(door, id), retry(door, id), retry(door, id)]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
  });
});

describe("409", () => {
  it("refuses a job that has not ended", async () => {
    const door = await startDoor({ isIdle: true });
    const { body } = await post(door, "/api/v1/jobs", asked);
    const reply = await retry(door, body.id);
    expect([reply.status, reply.body.code]).toEqual([409, "job_not_finished"]);
  });

  it("refuses a job that completed", async () => {
    const door = await startDoor();
    const { body } = await post(door, "/api/v1/jobs", asked);
    const reply = await retry(door, body.id);
    expect([reply.status, reply.body.code]).toEqual([409, "job_already_finished"]);
  });
});

describe("429", () => {
  it("counts a retry as a generation", async () => {
    const door = await startDoor({ isIdle: true, deps: { limitRequest: async () => undefined } });
    const id = await submitAndFail(door, FREE_KEY);
    for (let n = 0; n < 9; n++) await post(door, "/api/v1/jobs", asked, { key: FREE_KEY });
    const reply = await retry(door, id, FREE_KEY);
    expect([reply.status, reply.body.code]).toEqual([429, "generations_exhausted"]);
  });
});
