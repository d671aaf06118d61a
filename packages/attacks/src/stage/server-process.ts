import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Edit } from "../edit.ts";
import { checkout, toEditArguments } from "./edits.ts";

const MAIN = join(checkout, "apps/server/src/main.ts");
const NAMES = new URL("./names-host.ts", import.meta.url);
// On a machine with other work; alone it takes about 1.5 s.
const READY_TIMEOUT_MS = 300_000;
const STOP_TIMEOUT_MS = 15_000;

export interface ServiceOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly edits: readonly Edit[];
  /** Addresses by name, in the order in which they are answered. */
  readonly names: Readonly<Record<string, readonly (readonly string[])[]>>;
  /** How far its clock runs ahead. */
  readonly aheadMs?: number;
}

/** The service as a process of its own. */
export interface Service {
  readonly origin: string;
  /** All it has written. */
  readOutput(): string;
  readonly isOver: boolean;
  /** Milliseconds of processor time it has used; Linux only. */
  readCpuMs(): Promise<number>;
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
}

const alive = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

/** Starts the service and waits until it is ready. */
export async function startService({ environment, edits, names, aheadMs = 0 }: ServiceOptions): Promise<Service> {
  const namesUrl = new URL(NAMES);
  namesUrl.searchParams.set("names", JSON.stringify(names));
  namesUrl.searchParams.set("aheadMs", String(aheadMs));
  const args = ["--conditions=@comfy/source", ...toEditArguments(edits), "--import", namesUrl.href, MAIN];
  const child = spawn(process.execPath, args, { cwd: checkout, env: environment, stdio: ["ignore", "pipe", "pipe"] });
  alive.add(child);
  let output = "";
  let isOver = false;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  void ended.then(() => {
    isOver = true;
    alive.delete(child);
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  const origin = await readOrigin(child, (line) => {
    output += `${line}\n`;
  }).catch(async (error: Error) => {
    child.kill("SIGKILL");
    throw new Error(`${error.message}\n${output.slice(-2_000)}`);
  });
  return {
    origin,
    readOutput: () => output,
    get isOver() {
      return isOver;
    },
    async readCpuMs() {
      const stat = await readFile(`/proc/${child.pid}/stat`, "utf8");
      // After the name, which may hold anything, `utime` and `stime` are the 12th and 13th field, in hundredths of a second.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    async stop(signal = "SIGKILL") {
      child.kill(signal);
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Where it listens, once it is ready: what it calls itself may be a public address. */
function readOrigin(child: ChildProcess, onLine: (line: string) => void): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error("The service was not ready in time.")), READY_TIMEOUT_MS);
  let origin: string | undefined;
  let isReady = false;
  createInterface({ input: child.stdout ?? process.stdin }).on("line", (line) => {
    onLine(line);
    const [, port] = /"port":(\d+),"msg":"Listening\."/.exec(line) ?? [];
    if (port !== undefined) origin = `http://127.0.0.1:${port}`;
    isReady ||= line.includes('"event":"ready"');
    // The two lines are written on different ways and overtake each other.
    if (isReady && origin !== undefined) resolve(origin);
  });
  child.once("exit", (code) => reject(new Error(`The service ended before it was ready, with ${code}.`)));
  return promise.finally(() => clearTimeout(timer));
}
