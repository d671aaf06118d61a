import { afterEach, describe, expect, it } from "vitest";
import { type ClientOptions, ComfyClient, ConnectionError, RateLimitError } from "../src/index.ts";
import { type Handler, json, KEY, queued, SECRET, startService, wellBehaved } from "./fake-service.ts";

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
