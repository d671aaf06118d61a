import { getEventListeners } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { type ClientOptions, ComfyClient, TimeoutError } from "../src/index.ts";
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
    expect(lines[0]).toMatch(/^info \[comfy\] POST \/portrait\/async: .* Trying again in \d+ ms\.$/);
  });
});
