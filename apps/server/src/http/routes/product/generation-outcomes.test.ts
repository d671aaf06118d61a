import { describe, expect, it } from "vitest";
import { call, post, readWithKey } from "../../../../test/http/call.ts";
import { FREE_KEY, startDoor } from "../../../../test/http/start-door.ts";
import { AppError } from "../../../errors.ts";

const viking = { description: "Viking warrior" };

describe("429", () => {
  it("ends a free owner's minute with the time to wait, in headers and body", async () => {
    const door = await startDoor({ isIdle: true });
    for (let n = 0; n < 10; n++) await post(door, "/portrait/async", {}, { key: FREE_KEY });
    const { status, body, headers } = await post(door, "/portrait/async", viking, { key: FREE_KEY });
    expect(status).toBe(429);
    expect(body).toMatchObject({ code: "rate_limited", retryAfter: Number(headers.get("retry-after")) });
    expect(headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect(headers.get("x-ratelimit-remaining")).toBe("0");
    expect(headers.get("x-ratelimit-limit")).toBe("10");
  });

  it("holds a few synchronous requests per owner and refuses the rest", async () => {
    const door = await startDoor({ isIdle: true, deadlineMs: 60_000 });
    const controller = new AbortController();
    const { signal } = controller;
    const held = Array.from({ length: 4 }, (_, n) =>
      post(door, "/portrait", { description: `a ${n}` }, { key: FREE_KEY, signal }).catch(() => undefined),
    );
    await expect.poll(() => door.accepted.length).toBe(4);
    const { status, body } = await post(door, "/portrait", viking, { key: FREE_KEY });
    expect(status).toBe(429);
    expect(body.code).toBe("concurrency_limit");
    controller.abort();
    await Promise.all(held);
  });
});

describe("500", () => {
  it("tells a failed generation's reason and where its job can be read", async () => {
    const door = await startDoor({ isIdle: true });
    const asked = post(door, "/portrait", viking);
    await expect.poll(() => door.accepted.length).toBe(1);
    const [jobId = ""] = door.accepted;
    const failure = { code: "generation_failed" as const, message: "Node 5 raised.", details: { node: "5" } };
    await door.finishJob({ jobId, ending: { state: "failed", failure }, isRefunded: false });
    const { status, body } = await asked;
    expect(status).toBe(500);
    expect(body).toMatchObject({
      error: "Node 5 raised.",
      code: "generation_failed",
      jobId,
      pollUrl: `/jobs/portrait/${jobId}`,
    });
  });

  it("keeps what nobody foresaw to itself", async () => {
    const secret = "password=hunter2 at /srv/app/db.ts:12";
    const door = await startDoor({
      verbs: {
        generate: async () => {
          throw new Error(secret);
        },
      },
    });
    const { status, body } = await post(door, "/portrait", viking);
    expect(status).toBe(500);
    expect(body).toEqual({
      error: "Something went wrong on our side.",
      code: "internal_error",
      requestId: expect.any(String),
    });
  });
});

describe("503", () => {
  it("says that the queue is switched off, in the words the SDK knows", async () => {
    const door = await startDoor({ flags: { isAsyncEnabled: false } });
    const { status, body } = await post(door, "/portrait/async", viking);
    expect(status).toBe(503);
    expect(body.code).toBe("async_disabled");
    expect(body.error).toMatch(/async/i);
    expect((await post(door, "/portrait", viking)).status).toBe(200);
  });

  it("always comes with Retry-After", async () => {
    const door = await startDoor({
      verbs: {
        submitJob: async () => {
          throw new AppError("no_backend", "No GPU is there.");
        },
      },
    });
    const { status, headers } = await post(door, "/portrait/async", viking);
    expect(status).toBe(503);
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  });
});

describe("504", () => {
  it("names the job, which goes on and can be polled", async () => {
    const door = await startDoor({ isIdle: true, deadlineMs: 50 });
    const { status, body } = await post(door, "/portrait", viking);
    expect(status).toBe(504);
    expect(body).toMatchObject({ code: "deadline_exceeded", jobId: door.accepted[0] });
    const job = await readWithKey(door, body.pollUrl);
    expect(job.body.status).toBe("pending");
  });
});

describe("a caller that hangs up", () => {
  it("is told to the verb, which decides what becomes of the job", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const door = await startDoor({
      verbs: {
        generate: ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener("abort", () => {
              resolve();
              reject(signal.reason);
            });
            controller.abort();
          }),
      },
    });
    const controller = new AbortController();
    await call(door, "POST", "/portrait", { body: viking, signal: controller.signal }).catch(() => {});
    await promise;
  });
});
