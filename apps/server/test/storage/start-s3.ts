import { spawn } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { S3Options } from "../../src/adapters/s3/s3-options.ts";

export interface S3Server {
  /** All that a store needs to use a bucket there. */
  readonly options: S3Options;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;
const keys = { accessKeyId: "test-access-key", secretAccessKey: "test-secret-key" };

/** Servers that speak S3 and that tests can start; the first that is installed is used. */
const programs: Readonly<Record<string, (port: number, directory: string) => readonly string[]>> = {
  versitygw: (port, directory) => [
    ...["--port", `127.0.0.1:${port}`, "--access", keys.accessKeyId, "--secret", keys.secretAccessKey, "--quiet"],
    ...["posix", "--sidecar", join(directory, "meta"), join(directory, "data")],
  ],
  moto_server: (port) => ["-H", "127.0.0.1", "-p", String(port)],
};

/** The program of an installed server that speaks S3; undefined when there is none. */
export function findS3(): { readonly name: string; readonly path: string } | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  for (const name of Object.keys(programs)) {
    const path = folders.map((folder) => join(folder, name)).find((place) => existsSync(place));
    if (path !== undefined) return { name, path };
  }
  return undefined;
}

/** Starts a private server on a free port. */
export async function startS3({ name, path }: { name: string; path: string }): Promise<S3Server> {
  const directory = mkdtempSync(join(tmpdir(), "comfy-s3-"));
  for (const folder of ["data", "meta"]) await mkdir(join(directory, folder));
  const port = await findFreePort();
  const child = spawn(path, [...(programs[name]?.(port, directory) ?? [])], { stdio: "ignore" });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const endpoint = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await fetch(endpoint).then(drop, () => false))) {
    if (Date.now() > deadline || child.exitCode !== null) throw new Error(`${name} did not start.`);
    await sleep(50);
  }
  return {
    options: { endpoint, region: "us-east-1", bucket: "comfy", isPathStyle: true, ...keys },
    async stop() {
      child.kill("SIGKILL");
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function drop(response: Response): Promise<boolean> {
  await response.body?.cancel();
  return true;
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("No free port was found.");
  return address.port;
}
