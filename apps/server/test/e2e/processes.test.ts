import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findPostgres, type PostgresServer, startPostgres } from "../ports/start-postgres.ts";
import { type Cluster, findBusy, LEASE_SECONDS, ownedBy, startCluster } from "./cluster.ts";
import type { SpawnedService } from "./spawn-service.ts";

const bin = findPostgres();
const TIMEOUT_MS = 120_000;

describe.skipIf(bin === undefined)("two workers, two doors, two backends, one database", () => {
  let postgres: PostgresServer;
  let cluster: Cluster;
  let workers: SpawnedService[];

  beforeAll(async () => {
    postgres = await startPostgres(bin ?? "");
    cluster = await startCluster(postgres, { labels: ["a", "b"], workers: 2 });
    workers = [...cluster.workers];
  }, TIMEOUT_MS);
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await postgres?.stop();
  });

  /** A job that renders slowly, and the worker that works on it. */
  async function startSlowJob(delayMs: number): Promise<{ pollUrl: string; owner: SpawnedService; label: string }> {
    const fault = { slowNode: { classType: "KSampler", delayMs, times: 1 } };
    for (const backend of Object.values(cluster.backends)) backend.setFaults(fault);
    const pollUrl = await cluster.queueImage(`slow ${delayMs}`);
    await expect.poll(() => findBusy(cluster), { timeout: 20_000 }).toBeDefined();
    const label = (await findBusy(cluster)) ?? "";
    for (const backend of Object.values(cluster.backends)) backend.setFaults({ slowNode: null });
    const owner = workers.find((worker) => ownedBy(worker).includes(label));
    if (owner === undefined) throw new Error(`Nobody owns ${label}.`);
    return { pollUrl, owner, label };
  }

  const eachOwnsOne = () =>
    expect.poll(() => workers.map((worker) => ownedBy(worker).length), { timeout: 20_000 }).toEqual([1, 1]);

  test(
    "each worker owns one backend, every job is rendered once, and either door knows how it ended",
    async () => {
      await eachOwnsOne();
      const before = await cluster.readAllPrompts();
      const polls = await Promise.all(Array.from({ length: 8 }, (_, n) => cluster.queueImage(`shared ${n}`)));
      const ended = await Promise.all(polls.map((pollUrl) => cluster.settle(pollUrl)));
      expect(ended.map(({ status }) => status)).toEqual(polls.map(() => "complete"));
      const prompts = (await cluster.readAllPrompts()).filter((id) => !before.includes(id));
      expect(prompts).toHaveLength(8);
    },
    TIMEOUT_MS,
  );

  test("a worker that takes no requests still says how it is", async () => {
    const [worker] = workers;
    const health = await fetch(`${worker?.url}/health`);
    expect([health.status, ((await health.json()) as { status: string }).status]).toEqual([200, "healthy"]);
    expect((await fetch(`${worker?.url}/ping`)).status).toBe(200);
    const other = await fetch(`${worker?.url}/image`, { method: "POST" });
    expect([other.status, ((await other.json()) as { error: string }).error]).toEqual([
      404,
      expect.stringContaining("takes no requests"),
    ]);
  });

  test(
    "when a worker is killed in the middle of a render, the other takes its backend over, and the job is rendered once",
    async () => {
      const before = await cluster.readAllPrompts();
      const { pollUrl, owner, label } = await startSlowJob(2_000 * LEASE_SECONDS);
      await owner.end("SIGKILL");
      workers = workers.filter((worker) => worker !== owner);
      expect((await cluster.settle(pollUrl)).status).toBe("complete");
      expect(ownedBy(workers[0] as SpawnedService)).toContain(label);
      expect((await cluster.readAllPrompts()).filter((id) => !before.includes(id))).toHaveLength(1);
    },
    TIMEOUT_MS,
  );

  test(
    "a worker that comes later gets its share of the backends",
    async () => {
      workers.push(await cluster.startWorker());
      await eachOwnsOne();
    },
    TIMEOUT_MS,
  );

  test(
    "a worker that is frozen past its lease sends nothing and writes nothing when it wakes up",
    async () => {
      await eachOwnsOne();
      const before = await cluster.readAllPrompts();
      const { pollUrl, owner } = await startSlowJob(2_500 * LEASE_SECONDS);
      owner.signal("SIGSTOP");
      const ended = await cluster.settle(pollUrl);
      expect(ended.status).toBe("complete");
      owner.signal("SIGCONT");
      // It finds that its leases are over, and is given a share again.
      await eachOwnsOne();
      expect(await cluster.settle(pollUrl)).toEqual(expect.objectContaining({ completedAt: ended.completedAt }));
      expect((await cluster.readAllPrompts()).filter((id) => !before.includes(id))).toHaveLength(1);
      const next = await Promise.all(["x", "y"].map((prompt) => cluster.queueImage(prompt)));
      for (const poll of next) expect((await cluster.settle(poll)).status).toBe("complete");
    },
    TIMEOUT_MS,
  );

  test(
    "a worker that is told to stop gives its backend back, and what it had not begun is done by another",
    async () => {
      await eachOwnsOne();
      const before = await cluster.readAllPrompts();
      const polls = await Promise.all(Array.from({ length: 6 }, (_, n) => cluster.queueImage(`drained ${n}`)));
      const [leaving] = workers.splice(0, 1);
      expect(await leaving?.end("SIGTERM")).toBe(0);
      const ended = await Promise.all(polls.map((pollUrl) => cluster.settle(pollUrl)));
      expect(ended.map(({ status }) => status)).toEqual(polls.map(() => "complete"));
      await expect.poll(() => ownedBy(workers[0] as SpawnedService).length, { timeout: 20_000 }).toBe(2);
      const prompts = (await cluster.readAllPrompts()).filter((id) => !before.includes(id));
      expect(new Set(prompts).size).toBe(6);
    },
    TIMEOUT_MS,
  );
});
