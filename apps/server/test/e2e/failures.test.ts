import { rename } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apiKey, type RunningService, readErrorTime, readPrompts, startService } from "./start-service.ts";

let service: RunningService;

beforeAll(async () => {
  service = await startService();
}, 60_000);
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

const queue = async (path: string, body: unknown, headers?: Record<string, string>) => {
  const response = await service.post(`${path}/async`, body, headers);
  return {
    status: response.status,
    body: (await response.json()) as { jobId: string; pollUrl: string; error: string },
  };
};

const readStatus = async (pollUrl: string) =>
  ((await (await service.get(pollUrl)).json()) as { status: string }).status;

describe("a node that raises", () => {
  test("fails the job within two seconds and is named", async () => {
    service.emulator.setFaults({ nodeError: { classType: "KSampler", message: "the latent is cursed", times: 1 } });
    const { body } = await queue("/portrait", { description: "a knight" });
    const job = await service.settle(body.pollUrl);
    const endedMs = Date.parse(String(job.completedAt));
    expect(endedMs - (await readErrorTime(service.emulator))).toBeLessThan(2_000);
    expect(job).toMatchObject({
      status: "failed",
      code: "generation_failed",
      error: expect.stringContaining("the latent is cursed"),
      details: { nodeType: "KSampler", nodeId: expect.any(String) },
    });
  });

  test("is told to a synchronous caller with status 500 and the job's id", async () => {
    service.emulator.setFaults({ nodeError: { classType: "KSampler", times: 1 } });
    const response = await service.post("/portrait", { description: "a knight" });
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ code: "generation_failed", jobId: expect.any(String) });
  });
});

describe("one prompt for one job", () => {
  test("POST /portrait/async with only a description submits exactly one prompt", async () => {
    const before = await readPrompts(service.emulator);
    const { body } = await queue("/portrait", { description: "Viking warrior" });
    expect((await service.settle(body.pollUrl)).status).toBe("complete");
    const after = await readPrompts(service.emulator);
    expect(after.filter((id) => !before.includes(id))).toHaveLength(1);
  });

  test("a lost answer to the submission does not render twice", async () => {
    const before = await readPrompts(service.emulator);
    service.emulator.setFaults({ lostAnswer: { path: "/prompt", method: "POST", times: 1 } });
    const { body } = await queue("/image", { prompt: "a red door", width: 64, height: 64 });
    expect((await service.settle(body.pollUrl)).status).toBe("complete");
    expect((await readPrompts(service.emulator)).filter((id) => !before.includes(id))).toHaveLength(1);
  }, 60_000);

  test("the same idempotency key gives the same job, with another body 422", async () => {
    const headers = { "idempotency-key": "order-4711" };
    const first = await queue("/image", { prompt: "a blue door" }, headers);
    const second = await queue("/image", { prompt: "a blue door" }, headers);
    expect(second.body.jobId).toBe(first.body.jobId);
    const third = await queue("/image", { prompt: "a green door" }, headers);
    expect(third.status).toBe(422);
    await service.settle(first.body.pollUrl);
  });
});

describe("a backend in trouble", () => {
  test("running out of memory once is survived", async () => {
    service.emulator.setFaults({ outOfMemory: { classType: "KSampler", times: 1 } });
    const { body } = await queue("/image", { prompt: "a wide plain" });
    expect((await service.settle(body.pollUrl)).status).toBe("complete");
  }, 60_000);

  test("a restart in the middle of a render is survived", async () => {
    service.emulator.setFaults({ slowNode: { classType: "KSampler", delayMs: 1_500, times: 1 } });
    const { body } = await queue("/image", { prompt: "a narrow bridge" });
    await expect.poll(() => readStatus(body.pollUrl), { timeout: 5_000 }).toBe("processing");
    await service.emulator.restart();
    expect((await service.settle(body.pollUrl)).status).toBe("complete");
  }, 60_000);

  test("lost sockets are survived", async () => {
    service.emulator.setFaults({ silentSockets: true });
    const { body } = await queue("/image", { prompt: "a silent night" });
    expect((await service.settle(body.pollUrl)).status).toBe("complete");
    service.emulator.setFaults({ reset: true, dropSockets: true });
    const { body: next } = await queue("/image", { prompt: "a loud morning" });
    expect((await service.settle(next.pollUrl)).status).toBe("complete");
  }, 60_000);

  test("a worker thread that died behind a live port is no reason to lose a cancel", async () => {
    service.emulator.setFaults({ slowNode: { classType: "KSampler", delayMs: 60_000, times: 1 } });
    const { body } = await queue("/image", { prompt: "a long wait" });
    await expect.poll(() => readStatus(body.pollUrl), { timeout: 5_000 }).toBe("processing");
    await service.post(`${body.pollUrl}/cancel`, "");
    await service.emulator.restart();
    expect((await service.settle(body.pollUrl)).status).toBe("cancelled");
  }, 60_000);
});

describe("a disk that takes nothing for a while", () => {
  test("costs no job: what was rendered is fetched again, what was not begins later", async () => {
    const before = await readPrompts(service.emulator);
    const incoming = join(service.directory, "assets", "incoming");
    await rename(incoming, `${incoming}-away`);
    const { body: picture } = await queue("/image", { prompt: "a full disk", width: 64, height: 64 });
    // Its voice is stored before it is spoken.
    const { body: speech } = await queue("/tts", { text: "the disk is full" });
    await expect
      .poll(async () => (await readPrompts(service.emulator)).length, { timeout: 10_000 })
      .toBe(before.length + 1);
    for (const { pollUrl } of [picture, speech]) {
      const job = (await (await service.get(`${pollUrl}?wait=2`)).json()) as { status: string };
      expect(["pending", "processing"]).toContain(job.status);
    }
    await rename(`${incoming}-away`, incoming);
    expect((await service.settle(picture.pollUrl)).status).toBe("complete");
    expect((await service.settle(speech.pollUrl)).status).toBe("complete");
    expect(await readPrompts(service.emulator)).toHaveLength(before.length + 2);
  }, 60_000);
});

describe("cancelling", () => {
  test("a job that waits ends at once and never reaches the backend; one that runs ends soon", async () => {
    service.emulator.setFaults({ slowNode: { classType: "EmptySD3LatentImage", delayMs: 800, times: 1 } });
    const before = await readPrompts(service.emulator);
    const running = await queue("/image", { prompt: "first" });
    await expect
      .poll(async () => (await readPrompts(service.emulator)).length, { timeout: 5_000 })
      .toBe(before.length + 1);
    const waiting = await Promise.all(
      Array.from({ length: 4 }, (_, index) => queue("/image", { prompt: `waiting ${index}` })),
    );
    for (const { body } of waiting) {
      const response = await service.post(`${body.pollUrl}/cancel`, "");
      expect(response.status).toBe(200);
    }
    expect((await service.post(`${running.body.pollUrl}/cancel`, "")).status).toBe(200);
    const ended = await Promise.all([running, ...waiting].map(({ body }) => service.settle(body.pollUrl)));
    expect(ended.map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => "cancelled"));
    expect(await readPrompts(service.emulator)).toHaveLength(before.length + 1);
  }, 30_000);

  test("a job that has ended cannot be cancelled: 409", async () => {
    const { body } = await queue("/image", { prompt: "done", width: 64, height: 64 });
    await service.settle(body.pollUrl);
    const response = await service.post(`${body.pollUrl}/cancel`, "");
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ code: "job_already_finished" });
  });
});

describe("what is refused before it costs anything", () => {
  const hostile: [string, string, unknown][] = [
    ["a wrong type", "/portrait", { description: 7 }],
    ["an empty description", "/portrait", { description: "   " }],
    ["a huge string", "/portrait", { description: "x".repeat(100_000) }],
    ["a huge prompt", "/image", { prompt: "x".repeat(5_000) }],
    ["NaN, which is not JSON", "/image", '{"prompt":"a door","width":NaN}'],
    ["a width that is text", "/image", { prompt: "a door", width: "64" }],
    ["a width out of range", "/image", { prompt: "a door", width: 1e9 }],
    ["half a pixel", "/image", { prompt: "a door", width: 64.5 }],
    ["a seed beyond 2^53", "/image", '{"prompt":"a door","seed":9007199254740993}'],
    ["a seed below -1", "/image", { prompt: "a door", seed: -2 }],
    [
      "a seed too large for the sampler",
      "/lipsync",
      { portrait_image: "https://example.com/a.png", audio: "https://example.com/a.wav", seed: 2 ** 31 },
    ],
    ["a sampler that does not exist", "/image", { prompt: "a door", sampler: "../../etc/passwd" }],
    ["a model that is a path", "/portrait", { description: "a knight", model: "../../../models/x.safetensors" }],
    ["a prototype key", "/portrait", '{"description":"a knight","__proto__":{"isAdmin":true}}'],
    ["a constructor key", "/portrait", '{"description":"a knight","constructor":{"prototype":{}}}'],
    ["a list", "/portrait", ["a knight"]],
    ["null", "/portrait", "null"],
    ["no body", "/portrait", ""],
    ["half a body", "/portrait", '{"description":"a kni'],
    ["a traversal as an image", "/lipsync", { portrait_image: "../../etc/passwd", audio: "/outputs/../../etc/passwd" }],
    ["an absolute path", "/lipsync", { portrait_image: "/etc/passwd", audio: "/etc/passwd" }],
    ["a file URL", "/lipsync", { portrait_image: "file:///etc/passwd", audio: "file:///etc/passwd" }],
    ["a loopback URL", "/lipsync", { portrait_image: "https://127.0.0.1/a.png", audio: "https://[::1]/a.wav" }],
    [
      "the metadata service",
      "/tts",
      { text: "hello", voice_reference: "http://169.254.169.254/latest", voice_text: "hi" },
    ],
    ["a callback to the inside", "/portrait/async", { description: "a knight", callbackUrl: "https://10.0.0.1/hook" }],
    ["a callback without TLS", "/portrait/async", { description: "a knight", callbackUrl: "http://example.com/hook" }],
  ];

  test.each(hostile)("%s is 400 with a sentence, and no backend hears of it", async (_, path, body) => {
    const before = await readPrompts(service.emulator);
    const response = await service.post(path, body);
    expect(response.status).toBe(400);
    const answer = (await response.json()) as { error: string; code: string; requestId: string };
    expect(answer.error.length).toBeGreaterThan(10);
    expect(answer.error.length).toBeLessThan(1_000);
    expect(answer.requestId).toBe(response.headers.get("x-request-id"));
    expect(JSON.stringify(answer)).not.toMatch(/node_modules|\.ts:\d|at async/);
    expect(await readPrompts(service.emulator)).toEqual(before);
  });

  test("5 MB of JSON is 413", async () => {
    const response = await service.post("/portrait", { description: "x".repeat(5_000_000) });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: "payload_too_large" });
  });

  test("a voice without its transcript is 422 and says what is missing", async () => {
    const response = await service.post("/tts", { text: "hello", voice_reference: "https://example.com/voice.wav" });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      code: "voice_text_required",
      error: expect.stringContaining("voice_text"),
    });
  });

  test.each([
    "/jobs/portrait/..%2f..%2fetc%2fpasswd",
    "/jobs/portrait/%00",
    "/jobs/__proto__/constructor",
    "/outputs/..%2f..%2fetc/passwd",
  ])("GET %s is refused without an internal error", async (path) => {
    const response = await service.get(path);
    expect([400, 403, 404]).toContain(response.status);
    expect(await response.json()).toMatchObject({ error: expect.any(String), code: expect.any(String) });
  });

  test("somebody else's job does not exist", async () => {
    const { body } = await queue("/image", { prompt: "mine", width: 64, height: 64 });
    expect((await service.get(body.pollUrl, { "x-api-key": `${apiKey}x` })).status).toBe(401);
    expect((await service.get(body.pollUrl.replace("/image/", "/portrait/"))).status).toBe(404);
    await service.settle(body.pollUrl);
  });
});
