import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { ComfyClient } from "@comfy/client";
import { stateFolder } from "../checkout.ts";
import type { Child } from "../children/child-process.ts";
import { startEmulator, startServer } from "../children/programs.ts";
import { readEnvironment } from "../environment.ts";

/** An emulator and a service of their own, in a folder that goes when they go. */
export interface Stage {
  readonly client: ComfyClient;
  readonly server: Child;
  readonly emulator: Child;
}

/** Milliseconds either program gets to end by itself; nothing of theirs is kept. */
const STOP_TIMEOUT_MS = 5_000;

/**
 * Runs a scene on a fresh stage: embedded defaults, free ports of loopback, a key made up for the occasion. Whatever happens, both
 * programs have ended and the folder is gone afterwards.
 */
export async function withStage<Result>(
  signal: AbortSignal,
  scene: (stage: Stage) => Promise<Result>,
): Promise<Result> {
  await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(stateFolder, "demo-"));
  const children: Child[] = [];
  try {
    const options = { logFolder: join(folder, "logs"), stopTimeoutMs: STOP_TIMEOUT_MS, signal };
    // Nothing of the caller's environment reaches them: a demo must not write into somebody's real bucket or database.
    const { bare } = readEnvironment();
    const emulator = await startEmulator({ ...options, env: bare, folder: join(folder, "comfyui") });
    children.unshift(emulator);
    const apiKey = `pro_demo_${randomBytes(8).toString("hex")}`;
    const apiSecret = randomBytes(32).toString("hex");
    const env = {
      ...bare,
      PORT: "0",
      HOST: "127.0.0.1",
      DATA_DIR: join(folder, "data"),
      COMFYUI_URL: emulator.ready.url,
      COMFYUI_API_KEYS: apiKey,
      COMFYUI_API_SECRET: apiSecret,
    };
    const server = await startServer({ ...options, env });
    children.unshift(server);
    const client = new ComfyClient({ baseUrl: server.ready.url, apiKey, apiSecret, logLevel: "off" });
    return await scene({ client, server, emulator });
  } finally {
    // The service first, so that it does not see its ComfyUI vanish.
    for (const child of children) await child.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
