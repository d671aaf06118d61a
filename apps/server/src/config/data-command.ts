import { resolve } from "node:path";
import * as z from "zod";

/** What `db export` and `db import` need to know: no backend, no key. */
export interface DataConfig {
  readonly dataDirectory: string;
  readonly databaseUrl?: string;
}

const schema = z.object({
  DATA_DIR: z.string().default(".comfy"),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: "expected postgres://…" }).optional(),
});

/** Reads the environment of `db export` and `db import`. @throws Error with a sentence */
export function parseDataConfig(env: Readonly<Record<string, string | undefined>>): DataConfig {
  const parsed = schema.safeParse({ DATA_DIR: env.DATA_DIR || undefined, DATABASE_URL: env.DATABASE_URL || undefined });
  if (!parsed.success)
    throw new Error(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}.`).join(" "));
  const { DATA_DIR, DATABASE_URL } = parsed.data;
  return { dataDirectory: resolve(DATA_DIR), ...(DATABASE_URL !== undefined && { databaseUrl: DATABASE_URL }) };
}
