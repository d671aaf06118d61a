import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LargeFileStore } from "./large-file.ts";
import { findS3, type S3Server, startS3 } from "./start-s3.ts";
import { type SupabaseDouble, startSupabase } from "./supabase-double.ts";

const SIZE_BYTES = 200 * 1024 * 1024;
/** Less than half of the file: whoever holds all of it is found out. */
const GROWTH_BYTES_MAX = 90 * 1024 * 1024;

const program = findS3();
let s3: S3Server | undefined;
let supabase: SupabaseDouble;

beforeAll(async () => {
  supabase = await startSupabase();
  s3 = program && (await startS3(program));
}, 60_000);
afterAll(async () => {
  await supabase.close();
  await s3?.stop();
});

/** In a process of its own: what else this one does would be counted too. */
async function measure(store: LargeFileStore): Promise<{ readBytes: number; growthBytes: number }> {
  const script = fileURLToPath(new URL("./large-file.ts", import.meta.url));
  const words = ["--conditions=@comfy/source", script, JSON.stringify(store), String(SIZE_BYTES)];
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 280_000 });
  return JSON.parse(stdout);
}

describe("200 MB on their way in and out again take no more memory than a fraction of that", () => {
  async function expectConstant(store: LargeFileStore): Promise<void> {
    const { readBytes, growthBytes } = await measure(store);
    expect(readBytes).toBe(SIZE_BYTES);
    expect(growthBytes).toBeLessThan(GROWTH_BYTES_MAX);
  }

  test("on disk", () => expectConstant({ type: "disk" }), 300_000);

  test("in Supabase Storage", async () => {
    const { url, secretKey } = supabase;
    await expectConstant({ type: "supabase", url, secretKey, bucket: "large" });
  }, 300_000);

  test.skipIf(!program)(
    "in a bucket of S3",
    async () => {
      if (!s3) throw new Error("The server did not start.");
      await expectConstant({ type: "s3", ...s3.options });
    },
    300_000,
  );
});
