import { kinds } from "@comfy/contracts";
import { afterEach, describe, expect, it } from "vitest";
import { call, post, readWithKey, send, toSignedInit } from "../../../../test/http/call.ts";
import { type Door, type DoorOptions, FREE_KEY, startDoor } from "../../../../test/http/start-door.ts";
import { AppError } from "../../../errors.ts";

const doors: Door[] = [];
async function open(options?: DoorOptions): Promise<Door> {
  const door = await startDoor(options);
  doors.push(door);
  return door;
}
afterEach(async () => {
  await Promise.all(doors.splice(0).map((door) => door.close()));
});

const viking = { description: "Viking warrior" };
const inputs = {
  portrait: viking,
  image: { prompt: "a lighthouse" },
  tts: { text: "Hello." },
  lipsync: { portrait_image: "https://example.com/a.png", audio: "https://example.com/a.wav" },
};

describe("200", () => {
  it.each(kinds)("POST /%s waits and answers with the result the first consumer reads", async (kind) => {
    const door = await open();
    const { status, body } = await post(door, `/${kind}`, inputs[kind]);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      success: true,
      model: "flux-schnell",
      seed: expect.any(Number),
      taskId: door.accepted[0],
    });
    expect(body.signedUrl).toContain(body.localPath);
    expect(body.assets).toHaveLength(1);
    if (kind === "portrait" || kind === "image") expect(body.prompt).toEqual(expect.any(String));
  });

  it("takes version 1 signatures, as the hand-written client makes them", async () => {
    const { status } = await post(await open(), "/portrait", viking, { version: 1 });
    expect(status).toBe(200);
  });

  it("ignores fields it does not know", async () => {
    const { status } = await post(await open(), "/portrait", { ...viking, invented: { deeply: [1] } });
    expect(status).toBe(200);
  });

  it("tells the limits, the request's id, and that nothing may be cached", async () => {
    const { headers } = await post(await open(), "/portrait", viking, { headers: { "X-Request-Id": "mine-1" } });
    expect(headers.get("x-request-id")).toBe("mine-1");
    expect(headers.get("x-ratelimit-limit")).toBe("100");
    expect(headers.get("x-ratelimit-remaining")).toBe("99");
    expect(Number(headers.get("x-ratelimit-reset"))).toBeGreaterThan(1_700_000_000);
    expect(headers.get("ratelimit-policy")).toContain('"minute";q=100;w=60');
    expect(headers.get("cache-control")).toBe("no-store");
  });

  it("makes one job of one Idempotency-Key, quoted or bare, and says which answer is a repeat", async () => {
    const door = await open();
    const first = await post(door, "/portrait", viking, { headers: { "Idempotency-Key": '"key-1"' } });
    const again = await post(door, "/portrait", viking, { headers: { "Idempotency-Key": "key-1" } });
    expect(first.headers.get("idempotency-key")).toBe('"key-1"');
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(again.body.taskId).toBe(first.body.taskId);
  });
});

describe("202", () => {
  it.each(kinds)("POST /%s/async answers at once with where to poll", async (kind) => {
    const door = await open({ isIdle: true });
    const { status, body, headers } = await post(door, `/${kind}/async`, inputs[kind]);
    expect(status).toBe(202);
    const [jobId] = door.accepted;
    expect(body).toEqual({ status: "queued", jobId, pollUrl: `/jobs/${kind}/${jobId}`, seed: expect.any(Number) });
    expect(headers.get("location")).toBe(body.pollUrl);
  });

  it("keeps the callback's address and the wish to stay off the cloud", async () => {
    const door = await open({ isIdle: true });
    const asked = { ...viking, callbackUrl: "https://example.com/done", upload_to_cloud: false };
    const { body } = await post(door, "/portrait/async", asked);
    expect(await door.jobs.find(body.jobId)).toMatchObject({
      callbackUrl: "https://example.com/done",
      isUploadedToCloud: false,
    });
  });
});

describe("400", () => {
  it.each([
    [{}, "description: expected text, got nothing", "description"],
    [{ description: "" }, 'description: expected text that is not empty, got ""', "description"],
    [{ description: 5 }, "description: expected text, got 5", "description"],
    [{ ...viking, seed: -2 }, "seed: expected a number >=-1, got -2", "seed"],
    [{ ...viking, seed: 1.5 }, "seed: expected a whole number, got 1.5", "seed"],
    [{ ...viking, seed: 2 ** 53 }, "seed: expected", "seed"],
    [{ ...viking, style: ["a"] }, "style: expected text, got a list", "style"],
    [
      { description: "x".repeat(3000) },
      "description: expected text of <=2000 characters, got 3000 characters",
      "description",
    ],
    [[], "The body: expected an object, got a list", ""],
    ["null", "The body: expected an object, got null", ""],
  ])("says of %j what was expected and what came", async (body, sentence, path) => {
    const door = await open();
    const reply = await post(door, "/portrait", body);
    expect(reply.status).toBe(400);
    expect(reply.body.error).toContain(sentence);
    expect(reply.body).toMatchObject({ code: "invalid_input", requestId: reply.headers.get("x-request-id") });
    expect(reply.body.details[0]).toMatchObject({ path });
    expect(door.accepted).toEqual([]);
  });

  it.each([
    ['{"description":"a","seed":NaN}', "not valid JSON"],
    ["{description:'a'}", "not valid JSON"],
    ["", "The body is empty"],
    ["   ", "The body is empty"],
    [Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), "not valid UTF-8"],
    ['{"description":"a","__proto__":{"isAdmin":true}}', "__proto__"],
    ['{"description":"a","x":[{"constructor":{"prototype":{}}}]}', "constructor"],
    [`{"description":"a","x":${"[".repeat(500)}${"]".repeat(500)}}`, "nested too deeply"],
    [`${"[".repeat(500_000)}${"]".repeat(500_000)}`, "nested too deeply"],
  ])("refuses a body that is no harmless JSON object with a sentence", async (body, words) => {
    const door = await open();
    const reply = await post(door, "/portrait", body);
    expect(reply.status).toBe(400);
    expect(reply.body.code).toBe("invalid_json");
    expect(reply.body.error).toContain(words);
    expect(Object.hasOwn(Object.prototype, "isAdmin")).toBe(false);
  });

  it("names every wrong field in details, the first one in the sentence", async () => {
    const { body } = await post(await open(), "/image", { prompt: 1, width: 1, steps: "many" });
    expect(body.details.map((field: { path: string }) => field.path)).toEqual(["prompt", "width", "steps"]);
    expect(body.error).toBe("prompt: expected text, got 1");
  });

  it("takes only web addresses as callbackUrl", async () => {
    for (const callbackUrl of ["javascript:alert(1)", "file:///etc/passwd", "ftp://a.test/", "not a url"]) {
      const { status, body } = await post(await open(), "/portrait/async", { ...viking, callbackUrl });
      expect(status, callbackUrl).toBe(400);
      expect(body.error).toContain("callbackUrl: expected a http or https URL");
    }
  });

  it("refuses an Idempotency-Key that is no key", async () => {
    const { status, body } = await post(await open(), "/portrait", viking, { headers: { "Idempotency-Key": "a b" } });
    expect(status).toBe(400);
    expect(body.error).toContain("idempotency-key: expected 1 to 255 visible ASCII characters");
  });
});

describe("401", () => {
  it("takes a signature once: a captured request cannot be sent again", async () => {
    const door = await open();
    const init = await toSignedInit("POST", "/portrait/async", { body: viking });
    expect((await send(door, "/portrait/async", init)).status).toBe(202);
    const again = await send(door, "/portrait/async", init);
    expect(again.status).toBe(401);
    expect(again.body.code).toBe("signature_replayed");
    expect(door.accepted).toHaveLength(1);
  });

  it("says what to sign where the word undefined was signed for a missing body", async () => {
    const { body } = await post(await open(), "/portrait", "undefined", { version: 1 }).then(async () => {
      const door = await open();
      const { headers } = await toSignedInit("POST", "/portrait", { body: "undefined", version: 1 });
      return send(door, "/portrait", { method: "POST", headers: headers ?? {} });
    });
    expect(body.error).toContain('the word "undefined" was signed');
  });
});

describe("404 and 405", () => {
  it("answers unknown paths in JSON", async () => {
    const { status, body } = await send(await open(), "/nowhere");
    expect(status).toBe(404);
    expect(body).toMatchObject({ code: "not_found", requestId: expect.any(String) });
  });

  it("says which methods a path takes", async () => {
    const { status, headers, body } = await send(await open(), "/portrait");
    expect(status).toBe(405);
    expect(headers.get("allow")).toBe("POST");
    expect(body.code).toBe("method_not_allowed");
  });
});

describe("413", () => {
  it("refuses five megabytes of JSON before it is read, and the connection lives on", async () => {
    const door = await open();
    const { status, body } = await post(door, "/portrait", { description: "x".repeat(5 * 1024 * 1024) });
    expect(status).toBe(413);
    expect(body).toMatchObject({ code: "payload_too_large" });
    expect((await post(door, "/portrait", viking)).status).toBe(200);
  });

  it("also when the size is not announced", async () => {
    const door = await open();
    const { headers } = await toSignedInit("POST", "/portrait", { body: viking });
    const chunk = new Uint8Array(512 * 1024).fill(0x20);
    let left = 10;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => (left-- > 0 ? controller.enqueue(chunk) : controller.close()),
    });
    const init: RequestInit & { duplex: "half" } = { method: "POST", headers: headers ?? {}, body, duplex: "half" };
    expect((await send(door, "/portrait", init)).status).toBe(413);
  });
});

describe("415", () => {
  it.each(["text/plain", "application/x-www-form-urlencoded", undefined])("refuses Content-Type %s", async (type) => {
    const { status, body } = await post(await open(), "/portrait", viking, { headers: { "Content-Type": type } });
    expect(status).toBe(415);
    expect(body.error).toContain("Content-Type: expected application/json");
  });

  it("refuses packed bodies: a signature covers the bytes as they are sent", async () => {
    const { status, body } = await post(await open(), "/portrait", viking, { headers: { "Content-Encoding": "gzip" } });
    expect(status).toBe(415);
    expect(body.error).toContain("Content-Encoding");
  });
});

describe("422", () => {
  it("refuses an Idempotency-Key that came with another body before", async () => {
    const door = await open();
    const headers = { "Idempotency-Key": "key-1" };
    await post(door, "/portrait/async", viking, { headers });
    const { status, body } = await post(door, "/portrait/async", { description: "A wizard" }, { headers });
    expect(status).toBe(422);
    expect(body.code).toBe("idempotency_key_reused");
  });
});

describe("429", () => {
  it("ends a free owner's minute with the time to wait, in headers and body", async () => {
    const door = await open({ isIdle: true });
    for (let n = 0; n < 10; n++) await post(door, "/portrait/async", {}, { key: FREE_KEY });
    const { status, body, headers } = await post(door, "/portrait/async", viking, { key: FREE_KEY });
    expect(status).toBe(429);
    expect(body).toMatchObject({ code: "rate_limited", retryAfter: Number(headers.get("retry-after")) });
    expect(headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect(headers.get("x-ratelimit-remaining")).toBe("0");
    expect(headers.get("x-ratelimit-limit")).toBe("10");
  });

  it("holds a few synchronous requests per owner and refuses the rest", async () => {
    const door = await open({ isIdle: true, deadlineMs: 60_000 });
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
    const door = await open({ isIdle: true });
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
    const door = await open({
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
    const door = await open({ flags: { isAsyncEnabled: false } });
    const { status, body } = await post(door, "/portrait/async", viking);
    expect(status).toBe(503);
    expect(body.code).toBe("async_disabled");
    expect(body.error).toMatch(/async/i);
    expect((await post(door, "/portrait", viking)).status).toBe(200);
  });

  it("always comes with Retry-After", async () => {
    const door = await open({
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
    const door = await open({ isIdle: true, deadlineMs: 50 });
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
    const door = await open({
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
