import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createEmulator } from "@comfy/comfyui-emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startCountingProxy } from "../comfyui/counting-proxy.ts";
import { findS3, type S3Server, startS3 } from "../storage/start-s3.ts";
import { type SupabaseDouble, startSupabase } from "../storage/supabase-double.ts";
import { type RunningService, startService } from "./start-service.ts";

const program = findS3();
let supabase: SupabaseDouble;
let emulator: Awaited<ReturnType<typeof createEmulator>>;
/** The one that most tests share. */
let parts: Awaited<ReturnType<typeof setUp>>;

beforeAll(async () => {
  supabase = await startSupabase();
  emulator = await createEmulator({ speed: 50 });
  parts = await setUp("main");
}, 60_000);
afterAll(async () => {
  await parts[Symbol.asyncDispose]();
  await emulator.close();
  await supabase.close();
});
beforeEach(() => {
  supabase.requests.length = 0;
  parts.proxy.requests.length = 0;
});

const environment = (bucket: string) => ({
  STORAGE: "supabase",
  SUPABASE_URL: supabase.url,
  SUPABASE_SECRET_KEY: supabase.secretKey,
  SUPABASE_BUCKET: bucket,
});

/** A service whose files are outside, and whose requests to its backend are counted. */
async function setUp(bucket: string, more: Record<string, string> = {}) {
  const proxy = await startCountingProxy(emulator.url);
  const service = await startService({ environment: { ...environment(bucket), COMFYUI_URL: proxy.url, ...more } });
  const count = (line: string) => proxy.requests.filter((request) => request === line).length;
  return {
    service,
    proxy,
    count,
    countSpooled: async () => (await readdir(join(service.directory, "spool"))).length,
    stored: () => supabase.objects.buckets.get(bucket)?.objects.size ?? 0,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await proxy.close();
    },
  };
}

async function queue(service: RunningService, body: Record<string, unknown>): Promise<string> {
  const response = await service.post("/image/async", { width: 64, height: 64, ...body });
  return ((await response.json()) as { pollUrl: string }).pollUrl;
}

interface Result {
  readonly signedUrl: string;
  readonly localPath: string;
}
const resultOf = (job: Record<string, unknown>) => (job.result as { result: Result }).result;

describe("a store that fails after a good render", () => {
  test("is sent the file again, and the render is not repeated", async () => {
    supabase.fail({ match: /^POST \/object\/main\//, times: 4, statusCode: 500, code: "InternalError" });
    const job = await parts.service.settle(await queue(parts.service, { prompt: "a red door" }));
    expect(job.status).toBe("complete");
    expect(parts.count("POST /prompt")).toBe(1);
    expect(supabase.requests.filter((line) => line.startsWith("POST /object/main/"))).toHaveLength(5);
    expect(await parts.countSpooled()).toBe(0);
  }, 60_000);

  test("and is down for a while is waited for, although the backend is gone by then", async () => {
    await using own = await setUp("down");
    supabase.setDown(true);
    const pollUrl = await queue(own.service, { prompt: "a blue door" });
    try {
      await expect.poll(own.countSpooled, { timeout: 20_000 }).toBe(1);
      const waiting = (await (await own.service.get(pollUrl)).json()) as { status: string };
      expect(waiting.status).toBe("processing");
      await own.proxy.close();
    } finally {
      supabase.setDown(false);
    }
    const job = await own.service.settle(pollUrl);
    expect(job.status).toBe("complete");
    expect(own.count("POST /prompt")).toBe(1);
    const answer = await fetch(resultOf(job).signedUrl);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "image/png"]);
  }, 60_000);

  test("until the deadline of the job ends it then, and leaves nothing on this machine", async () => {
    await using own = await setUp("never", { JOB_DEADLINE_SECONDS: "4" });
    supabase.setDown(true);
    try {
      const job = await own.service.settle(await queue(own.service, { prompt: "a green door" }));
      expect(job).toMatchObject({ status: "failed", code: "deadline_exceeded" });
    } finally {
      supabase.setDown(false);
    }
    expect(own.count("POST /prompt")).toBe(1);
    expect(await own.countSpooled()).toBe(0);
  }, 60_000);

  test("is not waited for when the caller cancels meanwhile", async () => {
    supabase.setDown(true);
    try {
      const pollUrl = await queue(parts.service, { prompt: "a yellow door" });
      await expect.poll(parts.countSpooled, { timeout: 20_000 }).toBe(1);
      await parts.service.post(`${pollUrl}/cancel`, {});
      const job = await parts.service.settle(pollUrl);
      expect(job).toMatchObject({ code: "cancelled" });
    } finally {
      supabase.setDown(false);
    }
    expect(await parts.countSpooled()).toBe(0);
  }, 60_000);
});

describe("files outside", () => {
  test("are sent through us by default, also in ranges, under a link of ours that is an input again", async () => {
    const { signedUrl, localPath } = resultOf(await parts.service.settle(await queue(parts.service, { prompt: "x" })));
    expect(signedUrl.startsWith(`${parts.service.url}/outputs/`)).toBe(true);
    const whole = Buffer.from(await (await fetch(signedUrl)).arrayBuffer());
    const part = await fetch(signedUrl, { headers: { range: "bytes=1-3" } });
    expect([part.status, await part.text()]).toEqual([206, "PNG"]);
    expect(whole.subarray(1, 4).toString()).toBe("PNG");
    expect(localPath).toMatch(/^\/outputs\//);
  }, 60_000);

  test("lead to the store itself with LINKS=direct, but for those of a job with upload_to_cloud: false: they never leave this machine", async () => {
    await using direct = await setUp("direct", { LINKS: "direct" });
    const { service } = direct;
    const outside = resultOf(await service.settle(await queue(service, { prompt: "y" })));
    expect(outside.signedUrl.startsWith(`${supabase.url}/storage/v1/object/sign/direct/`)).toBe(true);
    const answer = await fetch(outside.signedUrl);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "image/png"]);
    supabase.requests.length = 0;
    const pollUrl = await queue(service, { prompt: "a secret", upload_to_cloud: false });
    const { signedUrl } = resultOf(await service.settle(pollUrl));
    expect(direct.stored()).toBe(1);
    expect(supabase.requests.filter((line) => line.startsWith("POST /object/"))).toEqual([]);
    expect(signedUrl.startsWith(`${service.url}/outputs/`)).toBe(true);
    expect((await fetch(signedUrl)).status).toBe(200);
  }, 60_000);
});

describe.skipIf(!program)("a bucket of S3", () => {
  let s3: S3Server;
  beforeAll(async () => {
    if (program) s3 = await startS3(program);
  }, 60_000);
  afterAll(() => s3.stop());

  test("is made, takes the outputs, and opens through links of ours or its own", async () => {
    const { endpoint = "", accessKeyId, secretAccessKey } = s3.options;
    const keys = { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey };
    const s3Environment = { STORAGE: "s3", S3_ENDPOINT: endpoint, S3_BUCKET: "outputs", LINKS: "direct", ...keys };
    await using service = await startService({ environment: { ...s3Environment, COMFYUI_URL: emulator.url } });
    const result = resultOf(await service.settle(await queue(service, { prompt: "an ice floe" })));
    expect(result.signedUrl.startsWith(`${endpoint}/outputs/`)).toBe(true);
    const direct = await fetch(result.signedUrl);
    expect([direct.status, direct.headers.get("content-type")]).toEqual([200, "image/png"]);
    const stranger = new URL(result.signedUrl);
    stranger.search = "";
    expect((await fetch(stranger)).ok).toBe(false);
    const bytes = Buffer.from(await direct.arrayBuffer());
    const again = await queue(service, { prompt: "kept here", upload_to_cloud: false });
    const own = await fetch(resultOf(await service.settle(again)).signedUrl, { headers: { range: "bytes=0-7" } });
    expect(bytes.subarray(0, 8).equals(Buffer.from(await own.arrayBuffer()))).toBe(true);
  }, 60_000);
});

describe("the start", () => {
  test("is refused with a sentence when the store refuses the key", async () => {
    const starting = startService({ environment: { ...environment("refused"), SUPABASE_SECRET_KEY: "sb_secret_no" } });
    await expect(starting).rejects.toThrow(/^SUPABASE_BUCKET: the bucket refused cannot be opened: .*403/);
  }, 60_000);

  test("is not refused while the store does not answer", async () => {
    supabase.setDown(true);
    try {
      await using own = await setUp("late");
      supabase.setDown(false);
      const job = await own.service.settle(await queue(own.service, { prompt: "z" }));
      expect([job.status, own.stored()]).toEqual(["complete", 1]);
    } finally {
      supabase.setDown(false);
    }
  }, 60_000);
});
