import { execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { bareEnvironment } from "../environment.ts";
import { stopChild, tieToUs } from "./child.ts";
import { findFreePort } from "./free-port.ts";

const DEBIAN_ROOT = "/usr/lib/postgresql";
const START_MS = 60_000;

/** Where the server programs of an installed PostgreSQL are; undefined when there is none. */
function findPrograms(): string | undefined {
  const versions = existsSync(DEBIAN_ROOT) ? readdirSync(DEBIAN_ROOT).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(DEBIAN_ROOT, version, "bin")).find((bin) => existsSync(join(bin, "initdb")));
}

/** PostgreSQL refuses to run as root; its package brings an account for it. */
function findAccount(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

async function waitUntilReady(url: string): Promise<void> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    const client = new Client({ connectionString: url });
    client.on("error", () => {});
    try {
      await client.connect();
      return await client.end();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(50);
    }
  }
}

export interface Database extends AsyncDisposable {
  readonly url: string;
  readonly version: string;
  /** The server's own process; its family holds one process per connection. */
  readonly pid: number;
}

/** A private PostgreSQL with the settings it comes with (fsync on); undefined where none is installed. */
export async function startPostgres(): Promise<Database | undefined> {
  const bin = findPrograms();
  if (bin === undefined) return undefined;
  const directory = mkdtempSync(join(tmpdir(), "comfy-bench-postgres-"));
  const account = findAccount();
  if (account) chownSync(directory, account.uid, account.gid);
  const options = { ...account, cwd: directory, env: bareEnvironment(), stdio: "ignore" } as const;
  const data = join(directory, "data");
  execFileSync(join(bin, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"], options);
  const port = await findFreePort();
  const settings = [`port=${port}`, "listen_addresses=127.0.0.1", `unix_socket_directories=${directory}`];
  const child = spawn(join(bin, "postgres"), ["-D", data, ...settings.flatMap((value) => ["-c", value])], options);
  tieToUs(child);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await waitUntilReady(url);
  return {
    url,
    pid: child.pid ?? 0,
    version: execFileSync(join(bin, "postgres"), ["--version"], { encoding: "utf8" }).trim(),
    async [Symbol.asyncDispose]() {
      await stopChild(child, "SIGINT");
      await rm(directory, { recursive: true, force: true });
    },
  };
}
