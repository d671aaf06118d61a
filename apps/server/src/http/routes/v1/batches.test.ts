import { describe, expect, it } from "vitest";
import { call, post, readSigned } from "../../../../test/http/call.ts";
import { type Door, FREE_KEY, OTHER_KEY, startDoor } from "../../../../test/http/start-door.ts";

const inputs = [{ description: "Viking warrior" }, { description: "a fisherman" }, { description: "a smith" }];
const three = { workflow: "portrait", inputs, metadata: { order: "4711" }, priority: 2 };
const sweep = {
  workflow: "portrait",
  input: { description: "a smith" },
  sweep: { seed: [1, 2], style: ["anime", "3d"] },
};

const submit = (door: Door, body: unknown = three) => post(door, "/api/v1/batches", body);

describe("201", () => {
  it("makes a job of each input, in their order", async () => {
    const door = await startDoor({ isIdle: true });
    const { status, body, headers } = await submit(door);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      workflow: "portrait",
      status: "processing",
      progress: 0,
      counts: { pending: 3, processing: 0, completed: 0, failed: 0, cancelled: 0 },
      metadata: three.metadata,
    });
    expect(headers.get("location")).toBe(`/api/v1/batches/${body.id}`);
    expect(body.jobs.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2]);
    for (const [index, { id }] of body.jobs.entries()) {
      const job = await door.jobs.find(id);
      expect(JSON.stringify(job?.plan)).toContain(inputs[index]?.description);
      expect(job).toMatchObject({ batchId: body.id, priority: 2, metadata: three.metadata });
    }
  });

  it("makes a job of every combination of a sweep, the last field changing fastest", async () => {
    const door = await startDoor({ isIdle: true });
    const { status, body } = await submit(door, sweep);
    expect(status).toBe(201);
    expect(body.jobs.map(({ seed }: { seed: number }) => seed)).toEqual([1, 1, 2, 2]);
  });

  it("sweeps a field that the input alone would lack", async () => {
    const body = { workflow: "image", sweep: { prompt: ["a harbour", "a lighthouse"] } };
    expect((await submit(await startDoor(), body)).body.jobs).toHaveLength(2);
  });

  it("gives the same batch for the same key and body", async () => {
    const door = await startDoor({ isIdle: true });
    const headers = { "Idempotency-Key": "night-run" };
    const first = await post(door, "/api/v1/batches", three, { headers });
    const again = await post(door, "/api/v1/batches", three, { headers });
    expect([again.status, again.body.id]).toEqual([201, first.body.id]);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect((await readSigned(door, "/api/v1/jobs")).body.jobs).toHaveLength(3);
  });
});

describe("200", () => {
  it("rolls up how its jobs stand", async () => {
    const door = await startDoor({ isIdle: true });
    const { body: made } = await submit(door);
    await door.complete(made.jobs[1].id);
    const { body } = await readSigned(door, `/api/v1/batches/${made.id}`);
    expect(body.counts).toMatchObject({ pending: 2, completed: 1 });
    expect(body.progress).toBeCloseTo(1 / 3);
    expect(body.jobs[1]).toMatchObject({ id: made.jobs[1].id, status: "completed", progress: 1 });
    for (const { id } of made.jobs) await door.complete(id);
    expect((await readSigned(door, `/api/v1/batches/${made.id}`)).body).toMatchObject({
      status: "ended",
      progress: 1,
    });
  });

  it("cancels what has not ended and leaves the rest", async () => {
    const door = await startDoor({ isIdle: true });
    const { body: made } = await submit(door);
    await door.complete(made.jobs[0].id);
    for (const _ of [1, 2]) {
      const { status, body } = await call(door, "DELETE", `/api/v1/batches/${made.id}`);
      expect(status).toBe(200);
      expect(body).toMatchObject({ status: "ended", counts: { completed: 1, cancelled: 2 } });
    }
  });

  it("shows each of its jobs alone, with the batch it belongs to", async () => {
    const door = await startDoor({ isIdle: true });
    const { body } = await submit(door);
    const job = await readSigned(door, `/api/v1/jobs/${body.jobs[0].id}`);
    expect(job.body).toMatchObject({ status: "pending", batchId: body.id });
  });
});

describe("400", () => {
  it.each([
    [{ workflow: "portrait" }, "expected either inputs, or sweep"],
    [{ ...three, sweep: { seed: [1] } }, "expected either inputs, or sweep"],
    [{ ...three, input: inputs[0] }, "expected either inputs, or sweep"],
    [{ ...three, inputs: [] }, "inputs"],
    [{ ...three, inputs: Array.from({ length: 101 }, () => inputs[0]) }, "inputs"],
    [{ ...three, inputs: [inputs[0], { description: "" }] }, "inputs.1.description"],
    [{ ...three, inputs: [inputs[0], { ...inputs[1], invented: 1 }] }, "inputs.1.invented"],
    [{ ...three, invented: 1 }, "invented"],
    [{ ...sweep, sweep: {} }, "sweep: expected at least one field"],
    [{ ...sweep, sweep: { seed: [] } }, "sweep.seed"],
    [{ ...sweep, sweep: { invented: [1] } }, "sweep.invented"],
    [{ ...sweep, sweep: { seed: [1, 2, -5] } }, "sweep[2].seed"],
    [{ ...sweep, input: {} }, "sweep[0].description"],
    [
      { ...sweep, sweep: { seed: Array.from({ length: 51 }, (_, n) => n), style: ["anime", "3d"] } },
      "sweep: expected at most 100 combinations",
    ],
    [{ ...three, workflow: "video" }, "workflow: expected one of"],
  ])("refuses %j and says where", async (body, words) => {
    const door = await startDoor({ isIdle: true });
    const reply = await submit(door, body);
    expect([reply.status, reply.body.code]).toEqual([400, "invalid_input"]);
    expect(reply.body.error).toContain(words);
    expect((await readSigned(door, "/api/v1/jobs")).body.jobs).toEqual([]);
  });
});

describe("404", () => {
  it("tells nobody about other owners' batches", async () => {
    const door = await startDoor({ isIdle: true });
    const { body } = await post(door, "/api/v1/batches", three, { key: OTHER_KEY });
    for (const id of [body.id, "019ac1f0-0000-7000-8000-000000000000", "1"]) {
      for (const method of ["GET", "DELETE"]) {
        const reply = await call(door, method, `/api/v1/batches/${id}`);
        expect([reply.status, reply.body.code]).toEqual([404, "batch_not_found"]);
      }
    }
    expect((await readSigned(door, `/api/v1/batches/${body.id}`, OTHER_KEY)).body.counts.pending).toBe(3);
  });
});

describe("422", () => {
  it("checks every job before any is accepted, and names the one that cannot run", async () => {
    const checkEligibility = async () => {
      checked++;
      if (checked === 3) return { ok: false as const, missing: [missing] };
      return { ok: true as const };
    };
    let checked = 0;
    const missing = { what: "model", name: "flux.gguf", install: "Put it into models/unet." } as const;
    const door = await startDoor({ isIdle: true, checkEligibility });
    const { status, body } = await submit(door);
    expect([status, body.code]).toEqual([422, "missing_model"]);
    expect(body.error).toMatch(/^Job 2 of the batch: .*flux\.gguf/);
    expect(body.details).toMatchObject({ index: 2, details: { missing: [missing] } });
    expect((await readSigned(door, "/api/v1/jobs")).body.jobs).toEqual([]);
  });
});

describe("429", () => {
  it("accepts a batch whole or not at all: each job is one generation of the day", async () => {
    const door = await startDoor({ isIdle: true, deps: { limitRequest: async () => undefined } });
    const eleven = { workflow: "portrait", input: inputs[0], sweep: { seed: Array.from({ length: 11 }, (_, n) => n) } };
    const refused = await post(door, "/api/v1/batches", eleven, { key: FREE_KEY });
    expect([refused.status, refused.body.code]).toEqual([429, "generations_exhausted"]);
    expect((await readSigned(door, "/api/v1/jobs", FREE_KEY)).body.jobs).toEqual([]);
    expect((await post(door, "/api/v1/batches", three, { key: FREE_KEY })).status).toBe(201);
  });
});
