import { signRequest } from "@comfy/signing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apiKey, apiSecret, type RunningService, startService } from "./start-service.ts";

let service: RunningService;

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes.
type Body = any;

async function call(method: string, path: string, key = apiKey): Promise<{ status: number; body: Body }> {
  const signed = await signRequest({ version: 2, keyId: key, secret: apiSecret, method, target: path });
  const response = await fetch(service.url + path, { method, headers: signed });
  return { status: response.status, body: await response.json() };
}

async function submit(body: unknown, path = "/api/v1/jobs"): Promise<Body> {
  const response = await service.post(path, body);
  expect(response.status).toBe(201);
  return response.json();
}

const read = async (path: string): Promise<Body> => (await service.get(path)).json();
const portrait = { workflow: "portrait", input: { description: "Viking warrior", seed: 7, width: 256, height: 256 } };

beforeAll(async () => {
  const keys = `${apiKey},operator:enterprise_operator`;
  service = await startService({ environment: { COMFYUI_API_KEYS: keys, ADMIN_KEYS: "operator" } });
}, 60_000);

afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

describe("the platform surface, with a backend behind it", () => {
  test("makes a job, follows it to its end and streams its picture, whole and in parts", async () => {
    const { id } = await submit({ ...portrait, metadata: { order: "4711" } });
    const events = await (await service.get(`/api/v1/jobs/${id}/events`)).text();
    expect(events).toContain('"type":"completed"');
    const job = await read(`/api/v1/jobs/${id}`);
    expect(job).toMatchObject({ status: "completed", seed: 7, metadata: { order: "4711" } });
    const file = await service.get(`/api/v1/jobs/${id}/result`);
    const bytes = Buffer.from(await file.arrayBuffer());
    expect(bytes.subarray(1, 4).toString()).toBe("PNG");
    expect(bytes.length).toBe(job.result.assets[0].sizeBytes);
    const part = await service.get(`/api/v1/jobs/${id}/result`, { range: "bytes=1-3" });
    expect([part.status, await part.text()]).toEqual([206, "PNG"]);
    const listed = await read("/api/v1/jobs?metadata[order]=4711&status=completed");
    expect(listed.jobs.map((entry: { id: string }) => entry.id)).toEqual([id]);
    expect((await read(`/jobs/portrait/${id}`)).status).toBe("complete");
  });

  test("gives back the job of an Idempotency-Key, waited for or not", async () => {
    const headers = { "idempotency-key": "order-1" };
    const first = await service.post("/api/v1/jobs", portrait, headers);
    const waited = await service.post("/api/v1/generate", portrait, headers);
    expect([first.status, waited.status]).toEqual([201, 200]);
    const [queued, done] = [await first.json(), await waited.json()] as Body[];
    expect(done.id).toBe(queued.id);
    expect(done.result.signedUrl).toMatch(/^http/);
    expect((await service.post("/api/v1/jobs", { ...portrait, priority: 1 }, headers)).status).toBe(422);
  });

  test("renders a sweep as one batch, and pages through its jobs", async () => {
    const made = await submit({ ...portrait, sweep: { seed: [1, 2, 3] } }, "/api/v1/batches");
    for (const { id } of made.jobs) await service.settle(`/api/v1/jobs/${id}`);
    const batch = await read(`/api/v1/batches/${made.id}`);
    expect(batch).toMatchObject({ status: "ended", progress: 1, counts: { completed: 3 } });
    expect(batch.jobs.map(({ seed }: { seed: number }) => seed)).toEqual([1, 2, 3]);
    const page = await read("/api/v1/jobs?limit=2");
    const next = await read(`/api/v1/jobs?limit=2&cursor=${page.nextCursor}`);
    const ids = [...page.jobs, ...next.jobs].map(({ id }: { id: string }) => id);
    expect(ids.slice(0, 3)).toEqual(made.jobs.map(({ id }: { id: string }) => id).reverse());
    expect(new Set(ids).size).toBe(4);
  });

  test("refuses a cursor that is none of its own", async () => {
    const response = await service.get("/api/v1/jobs?cursor=elsewhere");
    expect([response.status, ((await response.json()) as Body).code]).toEqual([400, "invalid_input"]);
  });

  test("takes its backend out of service: jobs wait, are cancelled as a batch, and one is tried again afterwards", async () => {
    const key = "enterprise_operator";
    const { body } = await call("GET", "/api/v1/admin/backends", key);
    const [backend] = body.backends;
    expect(backend).toMatchObject({ isReachable: true, isDrained: false, isSimulated: true });
    const path = `/api/v1/admin/backends/${backend.id}`;
    expect((await call("POST", `${path}/drain`)).status).toBe(403);
    expect((await call("POST", `${path}/drain`, key)).body.isDrained).toBe(true);
    const made = await submit({ ...portrait, sweep: { seed: [4, 5] } }, "/api/v1/batches");
    const cancelled = await call("DELETE", `/api/v1/batches/${made.id}`);
    expect(cancelled.status).toBe(200);
    for (const { id } of made.jobs) expect((await service.settle(`/api/v1/jobs/${id}`)).status).toBe("cancelled");
    const [first] = made.jobs;
    const retry = await call("POST", `/api/v1/jobs/${first.id}/retry`);
    expect([retry.status, retry.body.retryOf, retry.body.seed]).toEqual([201, first.id, 4]);
    const again = await call("POST", `/api/v1/jobs/${first.id}/retry`);
    expect([again.status, again.body.id]).toEqual([200, retry.body.id]);
    expect((await call("POST", `${path}/resume`, key)).body.isDrained).toBe(false);
    expect((await service.settle(`/api/v1/jobs/${retry.body.id}`)).status).toBe("completed");
    expect((await read(`/api/v1/jobs/${first.id}`)).retriedBy).toBe(retry.body.id);
  }, 60_000);
});
