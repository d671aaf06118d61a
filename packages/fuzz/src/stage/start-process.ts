import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const checkout = fileURLToPath(new URL("../../../..", import.meta.url));
const MAIN = join(checkout, "apps/server/src/main.ts");
// On a machine with other work; alone it takes two seconds.
const READY_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 20_000;
const OUTPUT_LENGTH_MAX = 20_000;

/** The service as a process of its own. */
export interface Service {
  readonly origin: string;
  /** True once it has ended. */
  readonly isOver: boolean;
  /** The end of what it wrote. */
  readOutput(): string;
  stop(): Promise<void>;
}

/** Starts it and waits until it is ready. @throws Error with what it wrote, when it is not */
export async function startService(environment: Readonly<Record<string, string>>): Promise<Service> {
  const { PATH = "/usr/local/bin:/usr/bin:/bin", LANG = "C.UTF-8" } = process.env;
  const child = spawn(process.execPath, ["--conditions=@comfy/source", MAIN], {
    cwd: checkout,
    env: { PATH, LANG, PORT: "0", HOST: "127.0.0.1", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  let output = "";
  let isOver = false;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  void ended.then(() => {
    isOver = true;
  });
  const { promise: listening, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error("The service was not ready in time.")), READY_TIMEOUT_MS);
  const hear = (line: string) => {
    output = `${output}${line}\n`.slice(-OUTPUT_LENGTH_MAX);
    const url = /"event":"ready","url":"([^"]+)"/.exec(line)?.[1];
    if (url !== undefined) resolve(url);
  };
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", hear);
  void ended.then(() => reject(new Error("The service ended before it was ready.")));

  async function stop(): Promise<void> {
    child.kill("SIGTERM");
    const killing = setTimeout(kill, STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(killing);
    process.off("exit", kill);
  }
  try {
    const origin = await listening;
    return {
      origin,
      get isOver() {
        return isOver;
      },
      readOutput: () => output,
      stop,
    };
  } catch (error) {
    await stop();
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${output}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
