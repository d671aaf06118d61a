import { expect, test } from "vitest";
import { parseConfig } from "../config.ts";

const enough = {
  COMFYUI_URL: "http://gpu-a:8188",
  COMFYUI_API_KEYS: "pro_one",
  COMFYUI_API_SECRET: "a-secret-of-20-chars",
};
const supabase = { STORAGE: "supabase", SUPABASE_URL: "https://abc.supabase.co/", SUPABASE_BUCKET: "comfy" };
const s3 = { STORAGE: "s3", S3_BUCKET: "comfy", S3_ACCESS_KEY_ID: "id", S3_SECRET_ACCESS_KEY: "secret" };
const parse = (environment: Record<string, string>) => parseConfig({ ...enough, ...environment });

test("files are kept on disk unless another store is asked for", () => {
  expect(parse({}).storage).toEqual({ type: "disk" });
});

test.each(["SUPABASE_SERVICE_KEY", "SUPABASE_SECRET_KEY"])("Supabase opens with the key in %s", (name) => {
  expect(parse({ ...supabase, [name]: "key" }).storage).toEqual({
    type: "supabase",
    url: "https://abc.supabase.co",
    secretKey: "key",
    bucket: "comfy",
  });
});

test("a bucket of Amazon is named by its region, one of another server by its address and a path", () => {
  expect(parse({ ...s3, S3_REGION: "eu-central-1" }).storage).toMatchObject({
    region: "eu-central-1",
    isPathStyle: false,
  });
  expect(parse({ ...s3, S3_ENDPOINT: "http://minio:9000" }).storage).toMatchObject({
    endpoint: "http://minio:9000",
    isPathStyle: true,
  });
});

test.each([
  [{ STORAGE: "supabase" }, /SUPABASE_URL: is missing, and STORAGE=supabase needs it/],
  [supabase, /SUPABASE_SECRET_KEY \(or SUPABASE_SERVICE_KEY\): is missing/],
  [{ STORAGE: "s3", S3_REGION: "x" }, /S3_BUCKET: is missing[\s\S]*S3_ACCESS_KEY_ID: is missing/],
  [s3, /S3_REGION: is missing/],
  [{ LINKS: "direct" }, /LINKS: direct needs STORAGE/],
  [{ STORAGE: "ftp" }, /STORAGE/],
  [{ RETENTION_DAYS: "-1" }, /RETENTION_DAYS/],
])("%j is refused with a sentence", (environment, sentence) => {
  expect(() => parse(environment)).toThrow(sentence);
});

test("variables of a store that is not in use are named: silence would look like consent", () => {
  const { unusedVariables } = parse({ SUPABASE_URL: "https://abc.supabase.co", S3_BUCKET: "comfy" });
  expect(unusedVariables).toEqual(["SUPABASE_URL", "S3_BUCKET"]);
  expect(parse({ ...supabase, SUPABASE_SECRET_KEY: "key" }).unusedVariables).toEqual([]);
});
