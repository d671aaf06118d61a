import { execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Program } from "./life.ts";

const DEBIAN_ROOT = "/usr/lib/postgresql";

/** Where the server programs of an installed PostgreSQL are; undefined when there is none. */
export function findPostgres(): string | undefined {
  const versions = existsSync(DEBIAN_ROOT) ? readdirSync(DEBIAN_ROOT).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(DEBIAN_ROOT, version, "bin")).find((bin) => existsSync(join(bin, "initdb")));
}

/** PostgreSQL refuses to run as root; its package brings an account for it. */
function findAccount(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

export interface PostgresOptions {
  readonly folder: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Makes an empty cluster and says how its server is started. `fsync` is on: what was committed must survive a kill.
 * @throws Error when PostgreSQL is not installed.
 */
export function preparePostgres({ folder, port, env }: PostgresOptions): Program {
  const bin = findPostgres();
  if (bin === undefined)
    throw new Error(`PostgreSQL was not found below ${DEBIAN_ROOT}: install it (apt-get install postgresql).`);
  mkdirSync(folder, { recursive: true });
  const account = findAccount();
  if (account) chownSync(folder, account.uid, account.gid);
  const data = join(folder, "data");
  const initdb = ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync"];
  execFileSync(join(bin, "initdb"), initdb, { ...account, cwd: folder, env, stdio: "ignore" });
  const settings = [
    `port=${port}`,
    "listen_addresses=127.0.0.1",
    `unix_socket_directories=${folder}`,
    "fsync=on",
    "synchronous_commit=on",
    "max_connections=200",
    // Parts of the network fall silent: a session whose client is gone must not keep its locks for two hours.
    "tcp_keepalives_idle=5",
    "tcp_keepalives_interval=2",
    "tcp_keepalives_count=3",
  ];
  return {
    command: join(bin, "postgres"),
    args: ["-D", data, ...settings.flatMap((setting) => ["-c", setting])],
    env,
    cwd: folder,
    account,
    ready: { port },
    hasFamily: true,
    // A fast shutdown: the default waits for every client to leave.
    stopSignal: "SIGINT",
  };
}
