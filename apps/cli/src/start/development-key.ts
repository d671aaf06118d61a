import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toShownPath } from "../checkout.ts";
import type { Environment } from "../environment.ts";

export interface DevelopmentKey {
  readonly apiKey: string;
  readonly apiSecret: string;
  /** The file it is kept in; absent for a key of the environment, whose secret is not ours to show. */
  readonly file?: string;
}

function parseKey(text: string, file: string): DevelopmentKey {
  const { apiKey, apiSecret } = Object(JSON.parse(text)) as Record<string, unknown>;
  if (typeof apiKey !== "string" || typeof apiSecret !== "string")
    throw new Error(
      `${toShownPath(file)} does not hold { "apiKey": "…", "apiSecret": "…" }: delete it to get a new key.`,
    );
  return { apiKey, apiSecret, file };
}

/** The key of the environment, else the one in `.comfy`, made at the first start and readable by its owner alone. */
export async function readDevelopmentKey({ apiKeys, apiSecret }: Environment, folder: string): Promise<DevelopmentKey> {
  // An entry is a key or name:key.
  if (apiKeys && apiSecret)
    return {
      apiKey:
        apiKeys
          .split(",")[0]
          ?.trim()
          .replace(/^[^:]*:/, "") ?? "",
      apiSecret,
    };
  if (apiKeys || apiSecret) {
    const [given, absent] = apiKeys ? ["KEYS", "SECRET"] : ["SECRET", "KEYS"];
    throw new Error(
      `COMFYUI_API_${given} is set and COMFYUI_API_${absent} is not: set both, or neither to get a key for development.`,
    );
  }
  const file = join(folder, "development-key.json");
  const fresh = { apiKey: `pro_dev_${randomBytes(8).toString("hex")}`, apiSecret: randomBytes(32).toString("hex") };
  try {
    await writeFile(file, `${JSON.stringify(fresh, null, 2)}\n`, { flag: "wx", mode: 0o600 });
    return { ...fresh, file };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    return parseKey(await readFile(file, "utf8"), file);
  }
}
