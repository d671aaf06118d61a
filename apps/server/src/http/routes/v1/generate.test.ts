import { describe, expect, it } from "vitest";
import { post, readSigned } from "../../../../test/http/call.ts";
import { startDoor } from "../../../../test/http/start-door.ts";

const viking = { workflow: "portrait", input: { description: "Viking warrior" }, metadata: { order: "4711" } };

describe("200", () => {
  it("waits and answers with the completed job", async () => {
    const door = await startDoor();
    const { status, body } = await post(door, "/api/v1/generate", viking);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: door.accepted[0], status: "completed", metadata: viking.metadata });
    expect(body.result).toMatchObject({ taskId: body.id, signedUrl: expect.any(String), assets: [expect.anything()] });
  });

  it("gives the same job for the same Idempotency-Key, also when it was only queued before", async () => {
    const door = await startDoor();
    const headers = { "Idempotency-Key": "order-4711" };
    const queued = await post(door, "/api/v1/jobs", viking, { headers });
    const { status, body, headers: told } = await post(door, "/api/v1/generate", viking, { headers });
    expect([status, body.id]).toEqual([200, queued.body.id]);
    expect(told.get("idempotency-replayed")).toBe("true");
  });
});

describe("400", () => {
  it("refuses fields it does not know", async () => {
    const { status, body } = await post(await startDoor(), "/api/v1/generate", { ...viking, wait: 5 });
    expect([status, body.error]).toEqual([400, "wait: expected no field of this name"]);
  });
});

describe("500", () => {
  it("says why the job failed, and where it is read", async () => {
    const door = await startDoor({ isIdle: true });
    const waiting = post(door, "/api/v1/generate", viking);
    await expect.poll(() => door.accepted.length).toBe(1);
    const failure = { code: "generation_failed" as const, message: "Node 5 raised.", details: { node: "5" } };
    const jobId = door.accepted[0] ?? "";
    await door.finishJob({ jobId, ending: { state: "failed", failure }, isRefunded: false });
    const { status, body } = await waiting;
    expect(status).toBe(500);
    expect(body).toMatchObject({ error: "Node 5 raised.", jobId, pollUrl: `/api/v1/jobs/${jobId}` });
  });
});

describe("504", () => {
  it("names the job, which goes on", async () => {
    const door = await startDoor({ isIdle: true, deadlineMs: 50 });
    const { status, body } = await post(door, "/api/v1/generate", viking);
    expect(status).toBe(504);
    expect(body).toMatchObject({ code: "deadline_exceeded", jobId: door.accepted[0] });
    expect(body.pollUrl).toBe(`/api/v1/jobs/${body.jobId}`);
    expect(body.error).toContain(body.pollUrl);
    expect((await readSigned(door, body.pollUrl)).body.status).toBe("pending");
  });
});
