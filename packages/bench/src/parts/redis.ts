import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bareEnvironment } from "../environment.ts";
import { stopChild, tieToUs } from "./child.ts";
import { findFreePort } from "./free-port.ts";

const START_MS = 10_000;

export interface Redis extends AsyncDisposable {
  readonly url: string;
  readonly version: string;
}

/** A private Redis as a deployment should run it (append-only file, nothing evicted); undefined where none is installed. */
export async function startRedis(): Promise<Redis | undefined> {
  let version: string;
  try {
    version = execFileSync("redis-server", ["--version"], { encoding: "utf8" });
  } catch {
    return undefined;
  }
  const directory = mkdtempSync(join(tmpdir(), "comfy-bench-redis-"));
  const port = await findFreePort();
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--dir", directory, "--appendonly", "yes"];
  const child = spawn("redis-server", [...settings, "--maxmemory-policy", "noeviction"], {
    env: bareEnvironment(),
    stdio: "ignore",
  });
  tieToUs(child);
  await waitForPort(port);
  return {
    url: `redis://127.0.0.1:${port}`,
    version: /v=(\S+)/.exec(version)?.[1] ?? "",
    async [Symbol.asyncDispose]() {
      await stopChild(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function waitForPort(port: number): Promise<void> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => socket.end(() => resolve(true)));
      socket.once("error", () => resolve(false));
    });
    if (isOpen) return;
    if (Date.now() > deadline) throw new Error(`Redis did not open port ${port} in time.`);
    await sleep(20);
  }
}
