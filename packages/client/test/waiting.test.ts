import { getEventListeners } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import {
  type ClientOptions,
  ComfyClient,
  JobCanceledError,
  type JobEvent,
  JobFailedError,
  JobLostError,
  TimeoutError,
} from "../src/index.ts";
import {
  complete,
  type Handler,
  json,
  KEY,
  processing,
  queued,
  RESULT,
  SECRET,
  startService,
  wellBehaved,
} from "./fake-service.ts";

let service: Awaited<ReturnType<typeof startService>>;
afterEach(() => service?.close());

const READ = "GET /jobs/portrait/j1";

const start = async (routes: Record<string, Handler>, options: ClientOptions = {}) => {
  service = await startService({ ...wellBehaved, ...routes });
  return new ComfyClient({ baseUrl: service.url, apiKey: KEY, apiSecret: SECRET, ...options });
};

/** Answers the listed bodies in turn, the last one for ever. */
const inTurn =
  (...bodies: object[]): Handler =>
  (_, response, number) =>
    json(response, 200, bodies[Math.min(number, bodies.length - 1)]);

const failed = {
  ...processing,
  status: "failed",
  error: "The sampler raised.",
  code: "generation_failed",
  details: { node: "3" },
};
const cancelled = { ...failed, status: "cancelled", error: "Cancelled.", code: "cancelled" };
const fast = { pollIntervalMs: 10 };

describe("waiting for a job", () => {
  it("asks the service to hold the answer and gives the result, unwrapped", async () => {
    const comfy = await start({});
    expect(await comfy.run("portrait", { description: "x" })).toEqual(RESULT);
    expect(service.of(READ)[0]?.target).toBe("/jobs/portrait/j1?wait=25");
  });

  it("needs two requests for a job that ends while the answer is held", async () => {
    const comfy = await start({
      [READ]: async (_, response) => void setTimeout(() => json(response, 200, complete), 300),
    });
    const startedMs = Date.now();
    await comfy.run("portrait", { description: "x" });
    expect(Date.now() - startedMs).toBeLessThan(600);
    expect(service.requests).toHaveLength(2);
  });

  it("falls back to reading at intervals where answers are not held", async () => {
    const comfy = await start({
      [READ]: inTurn({ ...processing, status: "pending" }, processing, processing, complete),
    });
    expect(await comfy.job("portrait", "j1").result(fast)).toEqual(RESULT);
    expect(service.of(READ)).toHaveLength(4);
  });

  it("takes a flat result and unknown words as they are meant", async () => {
    const comfy = await start({
      [READ]: inTurn({ ...processing, status: "warming_up" }, { ...complete, status: "completed", result: RESULT }),
    });
    const job = comfy.job("portrait", "j1");
    expect(await job.status()).toMatchObject({ status: "processing" });
    expect(await job.result(fast)).toEqual(RESULT);
  });

  it("survives a restart of the service", async () => {
    const comfy = await start({ [READ]: inTurn(processing) });
    const { port } = service;
    const events: string[] = [];
    const isLost = Promise.withResolvers<void>();
    const onEvent = ({ type }: JobEvent<unknown>) => {
      events.push(type);
      if (type === "reconnecting") isLost.resolve();
    };
    const pending = comfy.job("portrait", "j1").result({ ...fast, onEvent });
    await expect.poll(() => service.of(READ).length).toBeGreaterThan(1);
    await service.close();
    await isLost.promise;
    service = await startService(wellBehaved, port);
    expect(await pending).toEqual(RESULT);
    expect(events.at(-1)).toBe("completed");
  });

  it.each([500, 502, 503, 504, 408])("outlives answers of %i, whose bodies are not JSON", async (status) => {
    const comfy = await start({
      [READ]: (_, response, number) =>
        number < 2 ? response.writeHead(status).end("<h1>no</h1>") : json(response, 200, complete),
    });
    expect(await comfy.job("portrait", "j1").result()).toEqual(RESULT);
  });

  it("honours a Retry-After on reads", async () => {
    const comfy = await start({
      [READ]: (_, response, number) =>
        number ? json(response, 200, complete) : json(response, 429, {}, { "retry-after": "1" }),
    });
    await comfy.job("portrait", "j1").result();
    const [first, second] = service.of(READ);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(1000);
  });

  it("forgives a 404 of a lagging replica, and calls a job lost after three", async () => {
    const comfy = await start({
      [READ]: (_, response, number) =>
        number ? json(response, 200, complete) : json(response, 404, { error: "Unknown job." }),
    });
    expect(await comfy.job("portrait", "j1").result()).toEqual(RESULT);
    const error = await comfy
      .job("portrait", "j2")
      .result()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(JobLostError);
    expect(error).toMatchObject({ jobId: "j2", code: "job_lost" });
    expect(service.of("GET /jobs/portrait/j2")).toHaveLength(3);
  });

  it.each([401, 403, 400])("fails at once when reads are refused with %i", async (status) => {
    const comfy = await start({ [READ]: (_, response) => json(response, status, { error: "No." }) });
    await expect(comfy.job("portrait", "j1").result()).rejects.toMatchObject({ status });
    expect(service.of(READ)).toHaveLength(1);
  });

  it("ends at its deadline with the id to go on with; the job can be taken up again", async () => {
    let isDone = false;
    const comfy = await start({ [READ]: (_, response) => json(response, 200, isDone ? complete : processing) });
    const error = await comfy
      .run("portrait", { description: "x" }, { waitTimeoutMs: 200, ...fast })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ phase: "wait", jobId: "j1", retryable: true });
    isDone = true;
    expect(await comfy.job("portrait", "j1").result()).toEqual(RESULT);
  });

  it("throws what became of the job: failed, with the node, or cancelled", async () => {
    const comfy = await start({
      [READ]: inTurn(failed),
      "GET /jobs/tts/j1": inTurn(cancelled),
      "GET /jobs/image/j1": inTurn({ ...processing, status: "failed" }),
    });
    const error = await comfy
      .job("portrait", "j1")
      .result()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(JobFailedError);
    expect(error).toMatchObject({
      message: "The sampler raised.",
      code: "generation_failed",
      jobId: "j1",
      details: { node: "3" },
    });
    await expect(comfy.job("tts", "j1").result()).rejects.toBeInstanceOf(JobCanceledError);
    await expect(comfy.job("image", "j1").result()).rejects.toThrow("did not say why");
  });

  it("gives the same result twice for one wait", async () => {
    const comfy = await start({});
    const job = comfy.job("portrait", "j1");
    expect(await job.result()).toEqual(await job.result());
    expect(service.of(READ)).toHaveLength(1);
  });

  it("aborts within 50 ms, cancels the job when asked to, and leaves no listener", async () => {
    const isReading = Promise.withResolvers<void>();
    const isCancelled = Promise.withResolvers<void>();
    const comfy = await start({
      [READ]: () => isReading.resolve(),
      "POST /jobs/portrait/j1/cancel": (_, response) => {
        isCancelled.resolve();
        json(response, 200, cancelled);
      },
    });
    const controller = new AbortController();
    const { signal } = controller;
    const pending = comfy
      .job("portrait", "j1")
      .result({ signal, cancelOnAbort: true })
      .catch((thrown: unknown) => thrown);
    await isReading.promise;
    const startedMs = Date.now();
    const reason = new Error("left the page");
    controller.abort(reason);
    expect(await pending).toBe(reason);
    expect(Date.now() - startedMs).toBeLessThan(50);
    expect(getEventListeners(signal, "abort")).toEqual([]);
    await isCancelled.promise;
  });
});

describe("a job handle", () => {
  it("is made from two ids without a request, printed as them, and is not a promise", async () => {
    const comfy = await start({});
    const job = comfy.job("portrait", "j1");
    expect(JSON.parse(JSON.stringify(job))).toEqual({ kind: "portrait", id: "j1" });
    expect("then" in job).toBe(false);
    expect(service.requests).toEqual([]);
  });

  it("cannot be led to another path by its id", async () => {
    const comfy = await start({});
    await comfy
      .job("portrait", "../../admin?x=1")
      .status({ maxRetries: 0 })
      .catch(() => {});
    expect(service.requests[0]?.target).toBe("/jobs/portrait/..%2F..%2Fadmin%3Fx%3D1");
  });

  it("cancels with a signed request of its own", async () => {
    const comfy = await start({});
    expect(await comfy.job("portrait", "j1").cancel()).toMatchObject({ status: "cancelled", code: "cancelled" });
    expect(service.requests[0]?.headers["x-signature"]).toMatch(/^[0-9a-f]{64}$/);
  });

  it("passes the webhook on under the name of the wire", async () => {
    const comfy = await start({});
    await comfy.submit("portrait", { description: "x" }, { webhookUrl: "https://example.com/hook" });
    expect(JSON.parse(service.requests[0]?.body ?? "")).toEqual({
      description: "x",
      callbackUrl: "https://example.com/hook",
    });
    expect(queued.jobId).toBe("j1");
  });
});
