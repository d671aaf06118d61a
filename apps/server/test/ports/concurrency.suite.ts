import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { createDatabase } from "../../src/adapters/database/create-database.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { migrations } from "../../src/adapters/database/migrations/index.ts";
import { openServer } from "../../src/adapters/database/open-server.ts";
import { withTranslatedErrors } from "../../src/adapters/database/translate-errors.ts";
import { createId } from "../../src/ids.ts";
import type { JobStore } from "../../src/jobs/job-store.ts";
import { silentLog } from "../../src/log.ts";
import {
  acceptAndClaim,
  acceptOne,
  cancelled,
  claim,
  complete,
  createAcceptance,
  createOutput,
  expired,
  failed,
  type GetDatabase,
  MINUTE_MS,
  readCount,
} from "./set-up.ts";
import type { PostgresServer } from "./start-postgres.ts";

const times = <T>(count: number, run: (n: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, n) => run(n)));

/** What holds when many processes work at once. One session cannot show it: this needs a server. */
export function concurrencySuite(
  getDatabase: GetDatabase,
  getServer: () => { server: PostgresServer; url: string },
): void {
  describe("many at once", () => {
    it("accept one job for an idempotency key", async () => {
      const jobs = createJobStore(getDatabase().db);
      const idempotency = { surface: "product", key: "same", fingerprint: "same" } as const;
      const outcomes = await times(20, () => jobs.accept(createAcceptance({ idempotency, generationsPerDay: 100 })));
      expect(outcomes.filter(({ type }) => type === "accepted")).toHaveLength(1);
      expect(outcomes.filter(({ type }) => type === "replayed")).toHaveLength(19);
      const { rows } = await sql<{ count: number }>`select count from comfy.generations_per_day`.execute(
        getDatabase().db,
      );
      expect(rows).toEqual([{ count: 1 }]);
    });

    it("accept one request for a signature", async () => {
      const jobs = createJobStore(getDatabase().db);
      const signature = { hash: createId(), expiresAtMs: Date.now() + MINUTE_MS };
      const outcomes = await times(20, () => jobs.accept(createAcceptance({ signature })));
      expect(outcomes.filter(({ type }) => type === "accepted")).toHaveLength(1);
      expect(outcomes.filter(({ type }) => type === "signature_replayed")).toHaveLength(19);
    });

    it("accept exactly the day's generations", async () => {
      const jobs = createJobStore(getDatabase().db);
      const outcomes = await times(40, () => jobs.accept(createAcceptance({ generationsPerDay: 7 })));
      expect(outcomes.filter(({ type }) => type === "accepted")).toHaveLength(7);
    });

    it("claim every job once, and of a limited owner never more than its limit", async () => {
      const jobs = createJobStore(getDatabase().db);
      await times(60, (n) =>
        acceptOne(jobs, n % 2 ? { ownerId: "env:unlimited" } : { ownerId: "env:limited", concurrentJobs: 3 }),
      );
      const rounds = await times(30, () => claim(jobs, 4));
      const more = await times(10, () => claim(jobs, 4));
      const claimed = [...rounds, ...more].flat();
      expect(new Set(claimed.map(({ job }) => job.id)).size).toBe(claimed.length);
      expect(claimed.filter(({ job }) => job.ownerId === "env:limited")).toHaveLength(3);
      expect(claimed.filter(({ job }) => job.ownerId === "env:unlimited")).toHaveLength(30);
    });

    it("end a job once: worker, deadline and cancel together write one ending", async () => {
      const jobs = createJobStore(getDatabase().db);
      for (let round = 0; round < 10; round++) {
        const { job, lease } = await acceptAndClaim(jobs, { callbackUrl: "https://example.com/hook" });
        const jobId = job.id;
        const written = await Promise.all([
          jobs.finish({ jobId, lease, ending: complete(createOutput()), isRefunded: false }),
          jobs.finish({ jobId, ending: expired, isRefunded: true }),
          jobs.finish({ jobId, lease, ending: failed, isRefunded: true }),
        ]);
        expect(written.filter(Boolean)).toHaveLength(1);
      }
      expect(await readCount(getDatabase().db, "comfy.outbox")).toBe(10);
      expect(await readCount(getDatabase().db, "comfy.usage")).toBe(10);
    });

    it("never deadlock, lose a job or miscount a slot, whatever they do to the same owners", async () => {
      const jobs = createJobStore(getDatabase().db);
      await times(8, (n) => churn(jobs, n));
      await drain(jobs);
      const { rows } = await sql`select owner_id from comfy.owner_queue where active <> 0`.execute(getDatabase().db);
      expect(rows).toEqual([]);
      expect(await readCount(getDatabase().db, "comfy.usage")).toBe(await readCount(getDatabase().db, "comfy.jobs"));
    });

    it("bring an empty database up to date together", async () => {
      const url = await getServer().server.createDatabase();
      const databases = await times(5, () => createDatabase({ url, log: silentLog }));
      const [first] = databases;
      expect(first && (await readCount(first.db, "comfy.migrations"))).toBe(migrations.length);
      await Promise.all(databases.map((database) => database.close()));
    });

    it("read on while the server drops every connection", async () => {
      const { server, url } = getServer();
      const jobs = createJobStore(getDatabase().db);
      const id = await acceptOne(jobs);
      await server.dropConnections(url);
      expect((await jobs.find(id))?.id).toBe(id);
    });

    it("keep every accepted job and write one ending each while connections break again and again", async () => {
      const { server, url } = getServer();
      const jobs = createJobStore(getDatabase().db);
      let isOver = false;
      const breaking = (async () => {
        while (!isOver) await server.dropConnections(url);
      })();
      const outcomes = await times(40, async () => {
        const acceptance = createAcceptance({ idempotency: { surface: "product", key: createId(), fingerprint: "f" } });
        const accepted = await jobs.accept(acceptance).catch((error: unknown) => error);
        const ending = { jobId: acceptance.id, ending: cancelled, isRefunded: true };
        const ended = await jobs.finish(ending).catch((error: unknown) => error);
        return { id: acceptance.id, accepted, ended };
      });
      isOver = true;
      await breaking;
      for (const { id, accepted, ended } of outcomes) {
        const job = await jobs.find(id);
        if (accepted instanceof Error) expect(accepted).toMatchObject({ code: "unavailable" });
        else expect(job?.id).toBe(id);
        if (ended instanceof Error) expect(ended).toMatchObject({ code: "unavailable" });
        else expect(job?.state === "cancelled").toBe(ended !== undefined);
      }
    });

    it("answer with `unavailable` while the server cannot be reached", async () => {
      const pool = openServer({ url: "postgres://nobody@127.0.0.1:1/none", log: silentLog });
      await expect(withTranslatedErrors(pool).connect()).rejects.toMatchObject({ code: "unavailable" });
      await pool.end();
    });
  });
}

const owners = [
  { ownerId: "env:a", concurrentJobs: 2 },
  { ownerId: "env:b", concurrentJobs: 1 },
  { ownerId: "env:c" },
] as const;

/** Forty rounds of what an instance does: accept, claim, give back, end, cancel, renew. */
async function churn(jobs: JobStore, seed: number): Promise<void> {
  const shared = { sha256: "ef".repeat(32), sizeBytes: 1, location: "ef" };
  for (let round = 0; round < 40; round++) {
    const turn = seed * 7 + round;
    const id = await acceptOne(jobs, { ...owners[turn % 3], generationsPerDay: 1_000 });
    if (turn % 5 === 0) {
      await jobs.requestCancel(id);
      await jobs.finish({ jobId: id, ending: cancelled, isRefunded: true });
    }
    for (const { job, lease } of await claim(jobs, 2)) {
      await jobs.renew([lease], MINUTE_MS);
      if (turn % 4 === 0) await jobs.postpone(lease, { reason: "later", delayMs: 0 });
      else {
        const ending = complete(createOutput(), createOutput({ blob: shared }));
        await jobs.finish({ jobId: job.id, lease, ending, isRefunded: turn % 2 === 0 });
      }
    }
  }
}

async function drain(jobs: JobStore): Promise<void> {
  for (;;) {
    const claimed = await claim(jobs, 50);
    if (claimed.length === 0) return;
    for (const { job, lease } of claimed)
      await jobs.finish({ jobId: job.id, lease, ending: failed, isRefunded: false });
  }
}
