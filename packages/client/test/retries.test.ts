import { getEventListeners } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { type ClientOptions, ComfyClient, ConnectionError, RateLimitError, TimeoutError } from "../src/index.ts";
import {
  complete,
  type Handler,
  json,
  KEY,
  queued,
  RESULT,
  SECRET,
  startService,
  wellBehaved,
} from "./fake-service.ts";

let service: Awaited<ReturnType<typeof startService>>;
afterEach(() => service?.close());

const start = async (routes: Record<string, Handler>, options: ClientOptions = {}) => {
  service = await startService({ ...wellBehaved, ...routes });
  return new ComfyClient({ baseUrl: service.url, apiKey: KEY, apiSecret: SECRET, ...options });
};

const SUBMIT = "POST /portrait/async";
const input = { description: "Viking warrior" };

/** A service that honours idempotency keys and loses the first answer after it has made the job. */
function createForgetful(lose: (response: Parameters<Handler>[1]) => void) {
  const jobs = new Map<string, string>();
  const handler: Handler = ({ headers }, response, number) => {
    const key = String(headers["idempotency-key"]);
    jobs.set(key, jobs.get(key) ?? `j${jobs.size + 1}`);
    if (number === 0) lose(response);
    else json(response, 202, { ...queued, jobId: jobs.get(key) }, { "idempotency-key": key });
  };
  return { jobs, handler };
}

describe("a lost answer", () => {
  it.each([
    [
      "the connection is reset before an answer",
      (response: Parameters<Handler>[1]) => response.socket?.resetAndDestroy(),
    ],
    [
      "the answer breaks off",
      (response: Parameters<Handler>[1]) => {
        response.writeHead(202, { "content-length": "500" }).write('{"jobId"');
        setTimeout(() => response.socket?.destroy(), 20);
      },
    ],
    [
      "a proxy says 502 in HTML",
      (response: Parameters<Handler>[1]) =>
        response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway</h1>"),
    ],
  ])("makes one job, found again by its key: %s", async (_, lose) => {
    const { jobs, handler } = createForgetful(lose);
    const comfy = await start({ [SUBMIT]: handler });
    const job = await comfy.submit("portrait", input);
    expect(job.id).toBe("j1");
    expect(jobs.size).toBe(1);
    expect(service.of(SUBMIT)).toHaveLength(2);
  });

  it("of a service not known to honour keys is never repeated; the error carries the key", async () => {
    const comfy = await start({ [SUBMIT]: (_, response) => response.socket?.resetAndDestroy() }, { signing: "v1" });
    const error = await comfy.submit("portrait", input).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ code: "connection_lost", retryable: false });
    expect(error.idempotencyKey).toBe(service.of(SUBMIT)[0]?.headers["idempotency-key"]);
    expect(service.of(SUBMIT)).toHaveLength(1);
  });

  it("is repeated under the first scheme too once the service has echoed a key", async () => {
    const echo: Handler = ({ headers }, response, number) => {
      if (number === 1) response.socket?.resetAndDestroy();
      else json(response, 202, queued, { "idempotency-key": String(headers["idempotency-key"]) });
    };
    const comfy = await start({ [SUBMIT]: echo }, { signing: "v1" });
    await comfy.submit("portrait", input);
    await comfy.submit("portrait", input);
    expect(service.of(SUBMIT)).toHaveLength(3);
  });

  it("of a read is read again", async () => {
    const comfy = await start({
      "GET /a": (_, response, number) => (number ? json(response, 200, { ok: 1 }) : response.socket?.resetAndDestroy()),
    });
    expect(await comfy.request("GET", "/a")).toEqual({ ok: 1 });
  });

  it("leaves a refused connection retried, because nothing was sent", async () => {
    const comfy = await start({}, { signing: "v1", maxRetries: 8 });
    const { port } = service;
    await service.close();
    const pending = comfy.submit("portrait", input);
    service = await startService(wellBehaved, port);
    expect((await pending).id).toBe("j1");
  });
});

describe("a rate limit", () => {
  const refuseOnce =
    (headers: Record<string, string>, body: object = {}): Handler =>
    (_, response, number) =>
      number
        ? json(response, 202, queued)
        : json(response, 429, { error: "Slow down.", code: "rate_limited", ...body }, headers);

  it.each([
    ["Retry-After in seconds", () => refuseOnce({ "retry-after": "1" })],
    ["Retry-After with a fraction", () => refuseOnce({ "retry-after": "0.9" })],
    ["Retry-After as a date", () => refuseOnce({ "retry-after": new Date(Date.now() + 2000).toUTCString() })],
    ["retryAfter of the body", () => refuseOnce({}, { retryAfter: 1 })],
    [
      "X-RateLimit-Reset in milliseconds",
      () => refuseOnce({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Date.now() + 1000) }),
    ],
    [
      "X-RateLimit-Reset in seconds from now",
      () => refuseOnce({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1" }),
    ],
  ])("is waited for as long as the service asks: %s", async (_, route) => {
    const comfy = await start({ [SUBMIT]: route() });
    await comfy.submit("portrait", input);
    const [first, second] = service.of(SUBMIT);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(850);
  });

  it.each(["0", "-5", "soon", new Date(0).toUTCString()])(
    "with a useless Retry-After (%s) uses the usual backoff",
    async (value) => {
      const comfy = await start({ [SUBMIT]: refuseOnce({ "retry-after": value }) });
      await comfy.submit("portrait", input);
      expect(service.of(SUBMIT)).toHaveLength(2);
    },
  );

  it("that opens only tomorrow fails at once and says when", async () => {
    const comfy = await start({ [SUBMIT]: refuseOnce({ "retry-after": "86400" }) });
    const error = await comfy.submit("portrait", input).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toMatchObject({ retryAfterMs: 86_400_000, retryable: true, code: "rate_limited" });
  });

  it("is shown as last seen, and held back for before it is hit", async () => {
    const reset = Math.ceil(Date.now() / 1000) + 1;
    const limits = { "x-ratelimit-limit": "10", "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(reset) };
    const comfy = await start({ [SUBMIT]: (_, response) => json(response, 202, queued, limits) });
    expect(comfy.rateLimit).toBeUndefined();
    await comfy.submit("portrait", input);
    expect(comfy.rateLimit).toEqual({ limit: 10, remaining: 0, reset: new Date(reset * 1000) });
    await comfy.submit("portrait", input);
    expect(service.of(SUBMIT)[1]?.atMs).toBeGreaterThanOrEqual(reset * 1000);
  });
});

describe("a refusal", () => {
  it.each([
    [400, "BadRequestError"],
    [401, "AuthenticationError"],
    [403, "PermissionDeniedError"],
    [404, "NotFoundError"],
    [409, "ConflictError"],
    [413, "APIError"],
    [422, "BadRequestError"],
  ])("%i is a %s, sent once, with sentence, code, id and details", async (status, name) => {
    const body = { error: "What went wrong.", code: "some_code", requestId: "r-1", details: [{ path: "x" }] };
    const comfy = await start({ [SUBMIT]: (_, response) => json(response, status, body) });
    const error = await comfy.submit("portrait", input).catch((thrown) => thrown);
    expect(error).toMatchObject({
      name,
      status,
      message: "What went wrong.",
      code: "some_code",
      requestId: "r-1",
      details: body.details,
      body,
    });
    expect(error.constructor.name).toBe(name);
    expect(service.of(SUBMIT)).toHaveLength(1);
  });

  it("in HTML keeps its status and request id, and is no SyntaxError", async () => {
    const html: Handler = (_, response) =>
      response.writeHead(502, { "content-type": "text/html", "x-request-id": "r-2" }).end("<h1>Bad gateway</h1>");
    const comfy = await start({ [SUBMIT]: html }, { maxRetries: 0 });
    await expect(comfy.submit("portrait", input)).rejects.toMatchObject({
      name: "ServerError",
      status: 502,
      requestId: "r-2",
      code: "http_502",
    });
  });

  it.each([
    [
      "HTML",
      (response: Parameters<Handler>[1]) =>
        response.writeHead(200, { "content-type": "text/html" }).end("<h1>Welcome</h1>"),
    ],
    ["nothing", (response: Parameters<Handler>[1]) => response.writeHead(204).end()],
    ["null", (response: Parameters<Handler>[1]) => json(response, 200, null)],
  ])("that calls itself a success but holds %s is an invalid_response", async (_, answer) => {
    const comfy = await start({ [SUBMIT]: (_request, response) => answer(response) }, { maxRetries: 0 });
    await expect(comfy.submit("portrait", input)).rejects.toMatchObject({ code: "invalid_response" });
  });

  it("because the queue is off is not retried: the synchronous endpoint is used", async () => {
    const comfy = await start({
      [SUBMIT]: (_, response) => json(response, 503, { error: "Async queues are not enabled" }),
      "POST /portrait": (_, response) => json(response, 200, { success: true, ...RESULT }),
    });
    expect(await comfy.run("portrait", input)).toEqual(RESULT);
    expect(service.requests).toHaveLength(2);
    expect(service.requests[0]?.headers["idempotency-key"]).toBe(service.requests[1]?.headers["idempotency-key"]);
    await expect(comfy.submit("portrait", input)).rejects.toMatchObject({ code: "async_disabled", retryable: false });
  });
});

describe("a call", () => {
  it("whose answer stalls ends at its deadline, not later", async () => {
    const comfy = await start(
      { "GET /a": (_, response) => void response.writeHead(200).write("{") },
      { timeoutMs: 300 },
    );
    const startedMs = Date.now();
    const error = await comfy.request("GET", "/a").catch((thrown) => thrown);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ phase: "request", code: "request_timeout" });
    expect(Date.now() - startedMs).toBeLessThan(600);
  });

  it("that was aborted beforehand sends nothing and gives back the very reason", async () => {
    const comfy = await start({});
    const reason = new Error("changed my mind");
    await expect(comfy.submit("portrait", input, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(service.requests).toEqual([]);
  });

  it.each(["in flight", "in a backoff"])(
    "that is aborted %s rejects within 50 ms and leaves no listener behind",
    async (where) => {
      const isWaiting = Promise.withResolvers<void>();
      const answer: Handler = (_, response) => {
        if (where === "in flight") isWaiting.resolve();
        else json(response, 429, {}, { "retry-after": "20" });
      };
      const comfy = await start({ [SUBMIT]: answer }, { hooks: { onRetry: () => isWaiting.resolve() } });
      const controller = new AbortController();
      const pending = comfy.submit("portrait", input, { signal: controller.signal }).catch((thrown: unknown) => thrown);
      await isWaiting.promise;
      const startedMs = Date.now();
      const reason = new Error("stop");
      controller.abort(reason);
      expect(await pending).toBe(reason);
      expect(Date.now() - startedMs).toBeLessThan(50);
      expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    },
  );

  it("gives the whole answer to whoever asks, and its error only once", async () => {
    const comfy = await start({ "GET /a": (_, response) => json(response, 200, { a: 1 }, { "x-request-id": "r-3" }) });
    const answer = await comfy.request<{ a: number }>("GET", "/a").withResponse();
    expect(answer).toMatchObject({ data: { a: 1 }, requestId: "r-3" });
    expect(answer.response.status).toBe(200);
    await expect(comfy.request("GET", "/missing").withResponse()).rejects.toMatchObject({ status: 404 });
  });

  it("calls fetch with no `this` and never lets it cache", async () => {
    const calls: { self: unknown; init: RequestInit | undefined }[] = [];
    async function fetch(this: unknown, url: string, init?: RequestInit) {
      calls.push({ self: this, init });
      return globalThis.fetch(url, init);
    }
    const comfy = await start({ "GET /jobs/portrait/j1": (_, response) => json(response, 200, complete) }, { fetch });
    await comfy.run("portrait", input);
    expect(calls).toHaveLength(2);
    for (const { self, init } of calls) {
      expect(self).toBeUndefined();
      expect(init?.cache).toBe("no-store");
    }
  });

  it("is told to hooks and the log, without headers", async () => {
    const told: string[] = [];
    const lines: string[] = [];
    const line = (level: string) => (text: string) => void lines.push(`${level} ${text}`);
    const logger = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
    const comfy = await start(
      { [SUBMIT]: (_, response, number) => json(response, number ? 202 : 429, queued, { "retry-after": "0.01" }) },
      {
        logger,
        logLevel: "info",
        hooks: {
          onRequest: ({ method, attempt }) => told.push(`${method} ${attempt}`),
          onResponse: ({ status }) => told.push(`${status}`),
          onRetry: ({ error }) => told.push(error.name),
        },
      },
    );
    await comfy.submit("portrait", input);
    expect(told).toEqual(["POST 1", "429", "RateLimitError", "POST 2", "202"]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^info \[comfy\] POST \/portrait\/async: .* Attempt 2 in \d+ ms\.$/);
  });
});
