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
const EVENTS = "GET /jobs/portrait/j1/events";

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

/** An event stream that stays open after the given chunks. */
const stream =
  (...chunks: (string | Uint8Array)[]): Handler =>
  async (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const chunk of chunks) {
      response.write(chunk);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

const line = (event: object, id?: number) => `${id ? `id: ${id}\n` : ""}data: ${JSON.stringify(event)}\n\n`;

describe("the events of a job", () => {
  /** A read that is held until the given stream has been sent. */
  const gate = () => {
    const opened = Promise.withResolvers<void>();
    const held: Handler = async ({ target }, response) => {
      if (!target.includes("wait=25")) return json(response, 200, processing);
      await opened.promise;
      json(response, 200, complete);
    };
    return { open: opened.resolve, held };
  };

  it("come from the stream in order, progress never going back, one terminal event last", async () => {
    const { open, held } = gate();
    const sent = [
      ": a comment\r\n\r\n",
      line({ type: "queued", position: 2 }, 1),
      line({ type: "running" }, 2),
      line({ type: "progress", value: 0.5, node: "KSampler ✓" }, 3),
      line({ type: "progress", value: 0.25 }, 4),
      line({ type: "from_the_future" }, 5),
      line({ type: "progress", value: 0.75 }, 6),
      line({ type: "completed", result: RESULT }, 7),
    ].join("");
    const bytes = new TextEncoder().encode(sent);
    const comfy = await start({ [READ]: held, [EVENTS]: stream(...Array.from(bytes, (byte) => Uint8Array.of(byte))) });
    const events: JobEvent<unknown>[] = [];
    for await (const event of comfy.job("portrait", "j1").events(fast)) {
      events.push(event);
      if (event.type === "progress" && event.value === 0.75) open();
    }
    const streamed = events.filter(({ type }) => type === "progress" || type === "queued");
    expect(streamed).toEqual([
      { type: "queued", position: 2 },
      { type: "progress", value: 0.5, node: "KSampler ✓" },
      { type: "progress", value: 0.75 },
    ]);
    expect(events.at(-1)).toEqual({ type: "completed", result: RESULT });
    expect(events.filter(({ type }) => type === "completed")).toHaveLength(1);
  });

  it("go on where they broke off, by Last-Event-ID", async () => {
    const { open, held } = gate();
    const comfy = await start({
      [READ]: held,
      [EVENTS]: async (request, response, number) => {
        if (number) await stream(line({ type: "progress", value: 0.9 }, 9))(request, response, number);
        else
          response
            .writeHead(200, { "content-type": "text/event-stream" })
            .end(line({ type: "progress", value: 0.1 }, 8));
      },
    });
    const values: number[] = [];
    const onProgress = ({ value }: { value: number }) => {
      values.push(value);
      if (value === 0.9) open();
    };
    await comfy.job("portrait", "j1").result({ onProgress, ...fast });
    expect(values).toEqual([0.1, 0.9]);
    expect(service.of(EVENTS)[1]?.headers["last-event-id"]).toBe("8");
  });

  it.each([404, 406, 501, 204])("come from reads where there is no stream (%i)", async (status) => {
    const progress = (value: number) => ({ ...processing, progress: { value } });
    const comfy = await start({
      [READ]: inTurn({ ...processing, status: "pending" }, progress(0.2), progress(0.6), complete),
      [EVENTS]: (_, response) => response.writeHead(status).end(),
    });
    const types: string[] = [];
    const values: number[] = [];
    const onEvent = ({ type }: JobEvent<unknown>) => types.push(type);
    await comfy.run(
      "portrait",
      { description: "x" },
      { onEvent, onProgress: ({ value }) => values.push(value), ...fast },
    );
    expect(types).toEqual(["queued", "running", "progress", "running", "progress", "completed"]);
    expect(values).toEqual([0.2, 0.6]);
  });

  it("end with the failure or the cancellation, which is no exception there", async () => {
    const comfy = await start({ [READ]: inTurn(failed), "GET /jobs/tts/j1": inTurn(cancelled) });
    const last = async (events: AsyncIterable<JobEvent<unknown>>) => {
      let latest: JobEvent<unknown> | undefined;
      for await (const event of events) latest = event;
      return latest;
    };
    expect(await last(comfy.job("portrait", "j1").events())).toMatchObject({
      type: "failed",
      error: { code: "generation_failed" },
    });
    expect(await last(comfy.job("tts", "j1").events())).toMatchObject({
      type: "cancelled",
      error: { name: "JobCanceledError" },
    });
  });

  it("release everything when the loop is left", async () => {
    let isClosed = false;
    const comfy = await start({
      [READ]: () => {},
      [EVENTS]: (_, response) => {
        response.on("close", () => {
          isClosed = true;
        });
        response.writeHead(200, { "content-type": "text/event-stream" }).write(line({ type: "running" }));
      },
    });
    const { signal } = new AbortController();
    for await (const event of comfy.job("portrait", "j1").events({ signal })) if (event.type === "running") break;
    await expect.poll(() => isClosed).toBe(true);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("keep the job when a callback throws, and say so in the log", async () => {
    const lines: string[] = [];
    const push = (text: string) => void lines.push(text);
    const comfy = await start({}, { logger: { debug: push, info: push, warn: push, error: push } });
    const onEvent = () => {
      throw new Error("bar is gone");
    };
    expect(await comfy.job("portrait", "j1").result({ onEvent })).toEqual(RESULT);
    expect(lines.join()).toContain("bar is gone");
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
