import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEmulator, type Emulator } from "@comfy/comfyui-emulator";
import { expect } from "vitest";
import type { PostgresServer } from "../ports/start-postgres.ts";
import { type SpawnedService, spawnService } from "./spawn-service.ts";
import { readPrompts } from "./start-service.ts";

export const LEASE_SECONDS = 3;

/** Several processes of the service on one PostgreSQL, and backends that carry labels. */
export interface Cluster extends AsyncDisposable {
  readonly backends: Readonly<Record<string, Emulator>>;
  readonly workers: readonly SpawnedService[];
  readonly doors: readonly SpawnedService[];
  startWorker(): Promise<SpawnedService>;
  /** Queues a small picture through one of the doors, and gives where to read it. */
  queueImage(prompt: string): Promise<string>;
  /** Reads a job until it has ended, through every door in turn. */
  settle(pollUrl: string): Promise<Record<string, unknown> & { status: string }>;
  /** The prompts that all backends have seen, each as often as it was seen. */
  readAllPrompts(): Promise<string[]>;
}

export interface ClusterOptions {
  readonly labels: readonly string[];
  readonly workers: number;
  readonly environment?: Readonly<Record<string, string>>;
}

export async function startCluster(postgres: PostgresServer, options: ClusterOptions): Promise<Cluster> {
  const directory = await mkdtemp(join(tmpdir(), "comfy-cluster-"));
  const made = options.labels.map(async (label) => [label, await createEmulator({ speed: 20 })] as const);
  const backends = Object.fromEntries(await Promise.all(made));
  const file = join(directory, "backends.json");
  const listed = Object.entries(backends).map(([label, { url }]) => ({ url, label }));
  await writeFile(file, JSON.stringify({ backends: listed }));
  const environment = {
    DATABASE_URL: await postgres.createDatabase(),
    BACKENDS_FILE: file,
    LEASE_SECONDS: String(LEASE_SECONDS),
    DRAIN_SECONDS: "5",
    ...options.environment,
  };
  const all: SpawnedService[] = [];
  const spawn = async (ROLE: string) => {
    const spawned = await spawnService({ directory, backends: [], environment: { ...environment, ROLE } });
    all.push(spawned);
    return spawned;
  };
  // The first one makes the tables.
  const doors = [await spawn("http"), await spawn("http")];
  const workers = await Promise.all(Array.from({ length: options.workers }, () => spawn("worker")));
  let turn = 0;
  const nextDoor = () => doors[turn++ % doors.length] ?? (doors[0] as SpawnedService);

  return {
    backends,
    workers,
    doors,
    startWorker: () => spawn("worker"),
    async queueImage(prompt) {
      const response = await nextDoor().post("/image/async", { prompt, width: 64, height: 64 });
      expect(response.status).toBe(202);
      return ((await response.json()) as { pollUrl: string }).pollUrl;
    },
    async settle(pollUrl) {
      for (let round = 0; round < 30; round++) {
        const job = await nextDoor().read(pollUrl, 3);
        if (!["pending", "processing"].includes(job.status)) return job;
      }
      throw new Error(`The job at ${pollUrl} did not end.`);
    },
    readAllPrompts: async () => (await Promise.all(Object.values(backends).map(readPrompts))).flat(),
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map((service) => service.end("SIGKILL")));
      await Promise.all(Object.values(backends).map((backend) => backend.close()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The label of the backend that runs something now. */
export async function findBusy({ backends }: Pick<Cluster, "backends">): Promise<string | undefined> {
  for (const [label, { url }] of Object.entries(backends)) {
    const queue = (await (await fetch(`${url}/queue`)).json()) as { queue_running: unknown[] };
    if (queue.queue_running.length > 0) return label;
  }
  return undefined;
}

const OWNS = "This process owns the backend now.";
const LOST = "This process does not own the backend any more.";

/** What a worker owns, as it says itself. */
export function ownedBy({ lines }: Pick<SpawnedService, "lines">): string[] {
  const owned = new Set<string>();
  for (const { msg, backendId } of lines) {
    if (msg === OWNS) owned.add(String(backendId));
    if (msg === LOST) owned.delete(String(backendId));
  }
  return [...owned];
}
