import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHandWrittenClient } from "./first-consumer.ts";
import { apiKey, apiSecret, type RunningService, startService } from "./start-service.ts";

interface Result {
  success: true;
  signedUrl: string;
  localPath: string;
  taskId: string;
  seed: number;
  prompt?: string;
  model?: string;
}

let service: RunningService;
let client: ReturnType<typeof createHandWrittenClient>;
let portrait: Result;
let speech: Result;

async function make(endpoint: string, body: Record<string, unknown>): Promise<Result> {
  const answer = await client.call<Result>(endpoint, body);
  if (!answer.success) throw new Error(answer.error);
  return answer.data;
}

async function download(url: string): Promise<{ type: string | null; bytes: Uint8Array }> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return { type: response.headers.get("content-type"), bytes: new Uint8Array(await response.arrayBuffer()) };
}

const magic = (bytes: Uint8Array, from: number, to: number) => Buffer.from(bytes.slice(from, to)).toString("latin1");

beforeAll(async () => {
  service = await startService();
  client = createHandWrittenClient(service.url, apiKey, apiSecret);
  portrait = await make("/portrait", { description: "Viking warrior", upload_to_cloud: true });
  speech = await make("/tts", { text: "The ships are ready." });
}, 60_000);

afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

describe("a client written by hand, synchronously", () => {
  test("gets a portrait: every field of the wire, and a link that opens a PNG", async () => {
    expect(portrait).toMatchObject({
      success: true,
      signedUrl: expect.stringMatching(/^http/),
      localPath: expect.stringMatching(/^\/outputs\//),
      prompt: expect.stringContaining("Viking"),
      model: "flux-schnell",
      taskId: expect.any(String),
      seed: expect.any(Number),
    });
    const { type, bytes } = await download(portrait.signedUrl);
    expect(type).toBe("image/png");
    expect(magic(bytes, 1, 4)).toBe("PNG");
  });

  test("gets an image with the seed it asked for", async () => {
    const image = await make("/image", { prompt: "a lighthouse on a cliff", width: 512, height: 512, seed: 1234 });
    expect(image.seed).toBe(1234);
    const { bytes } = await download(image.signedUrl);
    const header = new DataView(bytes.buffer);
    expect([header.getUint32(16), header.getUint32(20)]).toEqual([512, 512]);
  });

  test("gets speech in the voice that ships with the service", async () => {
    const { type, bytes } = await download(speech.signedUrl);
    expect(type).toMatch(/^audio\//);
    expect(bytes.length).toBeGreaterThan(10_000);
  });

  test("gets a lip-synced video from the portrait's link and the speech's path", async () => {
    const video = await make("/lipsync", { portrait_image: portrait.signedUrl, audio: speech.localPath });
    const { type, bytes } = await download(video.signedUrl);
    expect(type).toBe("video/mp4");
    expect(magic(bytes, 4, 8)).toBe("ftyp");
  }, 60_000);

  test("finds its remaining requests and the time of their reset on every answer", async () => {
    const answer = await client.call("/image", { prompt: "a quiet harbour", width: 64, height: 64 });
    if (!answer.success) throw new Error(answer.error);
    expect(answer.remaining).toBeGreaterThan(0);
    expect(answer.reset * 1000).toBeGreaterThan(Date.now());
  });

  test("is told in a sentence what is wrong with its input", async () => {
    const answer = await client.call("/portrait", { style: "realistic" });
    expect(answer).toMatchObject({ success: false, status: 400, error: expect.stringContaining("description") });
  });
});

describe("a client written by hand, asynchronously", () => {
  test.each([
    ["/portrait", () => ({ description: "an old fisherman" })],
    ["/image", () => ({ prompt: "a quiet harbour", width: 256, height: 256 })],
    ["/tts", () => ({ text: "Good evening." })],
    ["/lipsync", () => ({ portrait_image: portrait.localPath, audio: speech.signedUrl })],
  ])(
    "%s is queued, polled with the key alone, and nests its result as it always did",
    async (endpoint, body) => {
      const queued = await client.submit(endpoint, body());
      expect(queued).toMatchObject({ status: "queued", pollUrl: `/jobs${endpoint}/${queued.jobId}` });
      const outcome = await client.poll<{ status: string; result: Result }>(queued.pollUrl);
      expect(outcome.status).toBe("complete");
      expect(outcome.result.taskId).toBe(queued.jobId);
      expect((await download(outcome.result.signedUrl)).bytes.length).toBeGreaterThan(1_000);
    },
    60_000,
  );
});
