import * as z from "zod";
import { flag } from "./words.ts";

/** Where files are kept. */
export type StorageConfig =
  | { readonly type: "disk" }
  | {
      readonly type: "supabase";
      readonly url: string;
      readonly secretKey: string;
      readonly bucket: string;
    }
  | {
      readonly type: "s3";
      readonly endpoint?: string;
      readonly region: string;
      readonly bucket: string;
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly isPathStyle: boolean;
    };

/** A hundred years; more is for ever. */
const DAYS_MAX = 36_500;
const address = z.url({ protocol: /^https?$/, error: "expected an address, e.g. https://abc.supabase.co" });
const bucket = z.string().regex(/^[a-z0-9][a-z0-9._-]{1,62}$/i, "expected 2 to 63 letters, digits, dots and dashes");

export const storage = {
  STORAGE: z.enum(["disk", "supabase", "s3"]).default("disk"),
  SUPABASE_URL: address.optional(),
  SUPABASE_SERVICE_KEY: z.string().optional(),
  SUPABASE_SECRET_KEY: z.string().optional(),
  SUPABASE_BUCKET: bucket.optional(),
  S3_ENDPOINT: address.optional(),
  S3_REGION: z.string().optional(),
  S3_BUCKET: bucket.optional(),
  S3_ACCESS_KEY_ID: z.string().optional(),
  S3_SECRET_ACCESS_KEY: z.string().optional(),
  S3_FORCE_PATH_STYLE: flag.optional(),
  LINKS: z.enum(["own", "direct"]).default("own"),
  RETENTION_DAYS: z.coerce.number().int().min(0).max(DAYS_MAX).default(0),
};

const shape = z.object(storage);
export type StorageEnvironment = z.output<typeof shape>;

const needs: Readonly<Record<StorageEnvironment["STORAGE"], readonly (keyof StorageEnvironment)[]>> = {
  disk: [],
  supabase: ["SUPABASE_URL", "SUPABASE_BUCKET"],
  s3: ["S3_BUCKET", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"],
};

/** What is missing for the store that was asked for, as sentences. */
export function findStorageFaults(env: StorageEnvironment): string[] {
  const { STORAGE, LINKS, SUPABASE_SECRET_KEY, SUPABASE_SERVICE_KEY, S3_ENDPOINT, S3_REGION } = env;
  const missing = (name: string) => `${name}: is missing, and STORAGE=${STORAGE} needs it.`;
  const faults = needs[STORAGE].filter((name) => env[name] === undefined).map(missing);
  if (STORAGE === "supabase" && (SUPABASE_SECRET_KEY ?? SUPABASE_SERVICE_KEY) === undefined)
    faults.push(missing("SUPABASE_SECRET_KEY (or SUPABASE_SERVICE_KEY)"));
  if (STORAGE === "s3" && S3_REGION === undefined && S3_ENDPOINT === undefined)
    faults.push(
      "S3_REGION: is missing, and Amazon's buckets are found by it; set it, or the S3_ENDPOINT of another server.",
    );
  if (LINKS === "direct" && STORAGE === "disk")
    faults.push("LINKS: direct needs STORAGE=supabase or STORAGE=s3: a disk answers nobody.");
  return faults;
}

/** To be called on what has no faults. */
export function toStorage(env: StorageEnvironment): StorageConfig {
  const text = (name: keyof StorageEnvironment) => String(env[name] ?? "");
  if (env.STORAGE === "supabase") {
    const secretKey = env.SUPABASE_SECRET_KEY ?? text("SUPABASE_SERVICE_KEY");
    return {
      type: "supabase",
      url: text("SUPABASE_URL").replace(/\/+$/, ""),
      secretKey,
      bucket: text("SUPABASE_BUCKET"),
    };
  }
  if (env.STORAGE === "disk") return { type: "disk" };
  return {
    type: "s3",
    ...(env.S3_ENDPOINT !== undefined && { endpoint: env.S3_ENDPOINT }),
    region: env.S3_REGION ?? "us-east-1",
    bucket: text("S3_BUCKET"),
    accessKeyId: text("S3_ACCESS_KEY_ID"),
    secretAccessKey: text("S3_SECRET_ACCESS_KEY"),
    // Amazon finds buckets by host name; most others have one host.
    isPathStyle: env.S3_FORCE_PATH_STYLE ?? env.S3_ENDPOINT !== undefined,
  };
}

/** Variables of stores that are not the one in use. */
export function findUnusedStorage({ STORAGE, ...env }: StorageEnvironment): string[] {
  const others = { supabase: /^SUPABASE_/, s3: /^S3_/ };
  return Object.entries(others).flatMap(([type, pattern]) =>
    type === STORAGE
      ? []
      : Object.keys(env).filter((name) => pattern.test(name) && env[name as keyof typeof env] !== undefined),
  );
}
