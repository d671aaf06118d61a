import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findPostgres, type PostgresServer, startPostgres } from "../ports/start-postgres.ts";
import { type Cluster, findBusy, startCluster } from "./cluster.ts";

const bin = findPostgres();
const TIMEOUT_MS = 120_000;

describe.skipIf(bin === undefined)("backends that go away", () => {
  let postgres: PostgresServer;
  let cluster: Cluster;

  beforeAll(async () => {
    postgres = await startPostgres(bin ?? "");
    cluster = await startCluster(postgres, { labels: ["a", "b"], workers: 1, environment: { FAILOVER_SECONDS: "4" } });
  }, TIMEOUT_MS);
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await postgres?.stop();
  });

  function slowDown(delayMs: number): void {
    const slowNode = { classType: "KSampler", delayMs, times: 1 };
    for (const backend of Object.values(cluster.backends)) backend.setFaults({ slowNode });
  }

  async function findRunning(): Promise<string> {
    let label: string | undefined;
    await expect.poll(async () => (label = await findBusy(cluster)), { timeout: 20_000, interval: 100 }).toBeDefined();
    return label ?? "";
  }

  test(
    "a job that kills backends is given up after the second death, and others go on",
    async () => {
      slowDown(60_000);
      const poison = await cluster.queueImage("poison");
      let deaths = 0;
      const killing = new AbortController();
      const kill = async () => {
        while (!killing.signal.aborted) {
          const label = await findBusy(cluster).catch(() => undefined);
          if (label !== undefined) {
            deaths += 1;
            await cluster.backends[label]?.restart();
          }
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
      };
      const killer = kill();
      const ended = await cluster.settle(poison);
      killing.abort();
      await killer;
      expect(ended).toMatchObject({
        status: "failed",
        code: "backend_crashed",
        error: expect.stringContaining("2 times"),
      });
      expect(deaths).toBe(2);
      for (const backend of Object.values(cluster.backends)) backend.setFaults({ reset: true });
      expect((await cluster.settle(await cluster.queueImage("harmless"))).status).toBe("complete");
    },
    TIMEOUT_MS,
  );

  test(
    "a backend that is gone for good loses its job to another one",
    async () => {
      slowDown(60_000);
      const pollUrl = await cluster.queueImage("orphaned");
      const label = await findRunning();
      for (const backend of Object.values(cluster.backends)) backend.setFaults({ reset: true });
      await cluster.backends[label]?.close();
      expect((await cluster.settle(pollUrl)).status).toBe("complete");
    },
    TIMEOUT_MS,
  );
});
