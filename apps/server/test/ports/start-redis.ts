import { spawn } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface RedisProcess {
  readonly url: string;
  /** One command, e.g. `FLUSHALL`, and the first line of its answer. */
  command(...words: string[]): Promise<string>;
  /** Ends the server as a crash does: nothing is kept. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty. */
  revive(): Promise<void>;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 20_000;
const PLACES = ["/usr/bin/redis-server", "/usr/local/bin/redis-server", "/opt/homebrew/bin/redis-server"];

/** Where the program of an installed Redis is; undefined when there is none. */
export function findRedis(): string | undefined {
  return PLACES.find((place) => existsSync(place));
}

/** Starts a private Redis on a free port that keeps nothing on disk. */
export async function startRedis(bin: string): Promise<RedisProcess> {
  const directory = mkdtempSync(join(tmpdir(), "comfy-redis-"));
  const port = await findFreePort();
  let child = launch();
  let exited = onExit();
  await waitUntilReady();

  function launch() {
    const settings = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    return spawn(bin, [...settings, "--dir", directory], { stdio: "ignore" });
  }
  function onExit(): Promise<void> {
    return new Promise((resolve) => child.once("exit", () => resolve()));
  }
  async function waitUntilReady(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while ((await ask(port, ["PING"]).catch(() => "")) !== "+PONG") {
      if (Date.now() > deadline) throw new Error("Redis did not start in time.");
      await sleep(20);
    }
  }
  async function kill(): Promise<void> {
    child.kill("SIGKILL");
    await exited;
  }

  return {
    url: `redis://127.0.0.1:${port}`,
    command: (...words) => ask(port, words),
    kill,
    async revive() {
      child = launch();
      exited = onExit();
      await waitUntilReady();
    },
    async stop() {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function ask(port: number, words: readonly string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(port, "127.0.0.1", () => socket.write(`${words.join(" ")}\r\n`));
  socket.setTimeout(5_000, () => socket.destroy(new Error("Redis did not answer.")));
  socket.once("data", (data) => {
    resolve(String(data).split("\r\n")[0] ?? "");
    socket.destroy();
  });
  socket.once("error", reject);
  return promise;
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("No free port was found.");
  return address.port;
}
