import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase } from "../../src/adapters/database/create-database.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { silentLog } from "../../src/log.ts";
import { claim } from "./set-up.ts";

const TIMEOUT_MS = 180_000;
const KILLS = 3;
const ACCEPTED_BEFORE_KILL = 40;

describe("the embedded database under kill -9", () => {
  let directory: string;
  const children: ChildProcess[] = [];
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "comfy-crash-"));
  });
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    await rm(directory, { recursive: true, force: true });
  });

  /** Starts a process that accepts jobs without pause and prints each id it was promised. */
  async function acceptUntilKilled(): Promise<string[]> {
    const script = fileURLToPath(new URL("./accept-forever.ts", import.meta.url));
    const child = spawn(process.execPath, ["--conditions=@comfy/source", script, directory], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    const exited = once(child, "exit");
    const ids: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      ids.push(line);
      if (ids.length === ACCEPTED_BEFORE_KILL) child.kill("SIGKILL");
    }
    await exited;
    return ids;
  }

  it(
    "loses no job it had accepted, opens again at once, and gives the jobs of the dead back",
    async () => {
      const promised: string[] = [];
      for (let kill = 0; kill < KILLS; kill++) promised.push(...(await acceptUntilKilled()));
      expect(promised.length).toBeGreaterThanOrEqual(KILLS * ACCEPTED_BEFORE_KILL);

      const database = await createDatabase({ directory, log: silentLog });
      try {
        const jobs = createJobStore(database.db);
        const kept = new Set((await jobs.findMany(promised)).map(({ id }) => id));
        expect(promised.filter((id) => !kept.has(id))).toEqual([]);
        expect(await jobs.releaseLeases()).toBeGreaterThan(0);
        expect((await claim(jobs, 5)).length).toBeGreaterThan(0);
      } finally {
        await database.close();
      }
    },
    TIMEOUT_MS,
  );
});
