import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import {
  callService,
  generatePortrait,
  generatePortraitAsync,
  generateTTS,
  pollJob,
  submitAsyncJob,
} from "../src/index.ts";
import {
  complete,
  type Handler,
  json,
  KEY,
  processing,
  queued,
  RESULT,
  refusalOf,
  SECRET,
  startService,
} from "./fake-service.ts";

// The functions share one client that reads the environment once, so one service serves the file and its routes change.
const routes: Record<string, Handler> = {};
let service: Awaited<ReturnType<typeof startService>>;

beforeAll(async () => {
  service = await startService(routes);
  Object.assign(process.env, { COMFYUI_SERVICE_URL: service.url, COMFYUI_API_KEY: KEY, COMFYUI_API_SECRET: SECRET });
});
afterAll(async () => {
  for (const name of ["COMFYUI_SERVICE_URL", "COMFYUI_API_KEY", "COMFYUI_API_SECRET"]) delete process.env[name];
  await service.close();
});
beforeEach(() => {
  for (const route of Object.keys(routes)) delete routes[route];
  service.requests.length = 0;
});

const portrait = { success: true, ...RESULT };

describe("the hand-written client's names", () => {
  it("post signed and give { success, data }", async () => {
    routes["POST /portrait"] = (_, response) => json(response, 200, portrait);
    expect(await generatePortrait({ description: "x", upload_to_cloud: true })).toEqual({
      success: true,
      data: portrait,
    });
    const [request] = service.requests;
    expect(request?.body).toBe('{"description":"x","upload_to_cloud":true}');
    expect(request && (await refusalOf(request))).toBeUndefined();
  });

  it.each([400, 401, 500, 503, 504])("give the service's sentence on %i, without a retry", async (status) => {
    routes["POST /tts"] = (_, response) => json(response, status, { error: `Sentence of ${status}.` });
    expect(await generateTTS({ text: "x" })).toEqual({ success: false, error: `Sentence of ${status}.` });
    expect(service.requests).toHaveLength(1);
  });

  it("give the bare status where there is no sentence", async () => {
    routes["POST /tts"] = (_, response) => response.writeHead(502).end("<h1>no</h1>");
    expect(await generateTTS({ text: "x" })).toEqual({ success: false, error: "Error: 502" });
  });

  it("name the reset of a rate limit as the header has it, at once", async () => {
    const limits = { "x-ratelimit-reset": "1704912345", "x-ratelimit-remaining": "0" };
    routes["POST /tts"] = (_, response) => json(response, 429, { error: "Slow down." }, limits);
    for (let call = 0; call < 2; call++) {
      expect(await generateTTS({ text: "x" })).toEqual({ success: false, error: "Rate limited. Reset at 1704912345" });
    }
  });

  it("warn when fewer than five requests are left", async () => {
    routes["POST /tts"] = (_, response) => json(response, 200, {}, { "x-ratelimit-remaining": "4" });
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    await callService("/tts", { text: "x" });
    expect(warn).toHaveBeenCalledWith("Rate limit warning: 4 requests remaining");
    warn.mockRestore();
  });

  it("never throw on a lost connection", async () => {
    routes["POST /tts"] = (_, response) => response.socket?.resetAndDestroy();
    expect(await callService("/tts", {})).toEqual({ success: false, error: expect.stringContaining("connection") });
  });

  it("queue a job and give { success, jobId, pollUrl }", async () => {
    routes["POST /portrait/async"] = (_, response, number) =>
      number ? json(response, 503, { error: "Off." }) : json(response, 202, queued);
    expect(await generatePortraitAsync({ description: "x" })).toEqual({
      success: true,
      jobId: "j1",
      pollUrl: "/jobs/portrait/j1",
    });
    expect(await submitAsyncJob("/portrait", {})).toEqual({ success: false, error: "Off." });
  });

  it("poll until the job is complete and give the inner envelope, as the wire has it", async () => {
    const answers: Handler[] = [
      (_, response) => json(response, 200, processing),
      (_, response) => json(response, 500, {}),
      (_, response) => json(response, 200, complete),
    ];
    routes["GET /jobs/portrait/j1"] = (request, response, number) => answers[number]?.(request, response, number);
    expect(await pollJob("/jobs/portrait/j1", 5, 1)).toEqual({ status: "complete", result: RESULT });
  });

  it("throw the job's own sentence, and the timeout's, in the words they always had", async () => {
    routes["GET /jobs/portrait/f1"] = (_, response) =>
      json(response, 200, { status: "failed", error: "The sampler raised." });
    routes["GET /jobs/portrait/f2"] = (_, response) => json(response, 200, { status: "failed" });
    routes["GET /jobs/portrait/f3"] = (_, response) => json(response, 200, processing);
    await expect(pollJob("/jobs/portrait/f1")).rejects.toThrow("The sampler raised.");
    await expect(pollJob("/jobs/portrait/f2")).rejects.toThrow("Job failed");
    await expect(pollJob("/jobs/portrait/f3", 3, 1)).rejects.toThrow("Job polling timeout");
  });

  it("stop polling when the key is refused, or the job is unknown three times", async () => {
    routes["GET /jobs/portrait/u1"] = (_, response) => json(response, 401, { error: "Invalid API key" });
    await expect(pollJob("/jobs/portrait/u1", 9, 1)).rejects.toThrow("Invalid API key");
    await expect(pollJob("/jobs/portrait/u2", 9, 1)).rejects.toMatchObject({ name: "JobLostError" });
    expect(service.requests).toHaveLength(4);
  });
});
