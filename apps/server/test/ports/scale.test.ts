import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase, type Database } from "../../src/adapters/database/create-database.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import type { JobStore } from "../../src/jobs/job-store.ts";
import { silentLog } from "../../src/log.ts";
import { collectStatements, countPages, fillQueue } from "./explain.ts";
import { acceptAndClaim, complete, createAcceptance, createAttempt, createOutput, MINUTE_MS } from "./set-up.ts";
import { findPostgres, type PostgresServer, startPostgres } from "./start-postgres.ts";

const bin = findPostgres();
const WAITING = 100_000;
const claimant = { holder: "w", leaseMs: MINUTE_MS };
const asked = { ...claimant, count: 8, backends: { owned: ["a"], configured: ["a"] } };

type Use = (jobs: JobStore) => Promise<unknown>;

/** Everything that is done for one job, with a job that is claimed and has an attempt under way. */
async function prepareUses(jobs: JobStore): Promise<Record<string, Use>> {
  const { job, lease } = await acceptAndClaim(jobs, { ownerId: "env:0", concurrentJobs: 4 });
  const attempt = createAttempt();
  await jobs.beginAttempt(lease, attempt);
  const acceptance = createAcceptance({ ownerId: "env:0", concurrentJobs: 4 });
  const finish = { jobId: job.id, lease, attemptId: attempt.id, isRefunded: false };
  return {
    accept: (store) => store.accept(acceptance),
    "accept with a claim": (store) => store.accept(acceptance, { claim: claimant }),
    claim: (store) => store.claim(asked),
    "claim of what little is fit": (store) => store.claim({ ...asked, unfit: ["image/0", "image/1"] }),
    acknowledgement: (store) => store.markAttempt(lease, attempt.id, "acked"),
    renewal: (store) => store.renew([lease], MINUTE_MS),
    finish: (store) => store.finish({ ...finish, ending: complete(createOutput()) }),
    "search for overdue jobs": (store) => store.findOverdue(100),
    "page of a list": (store) => store.list({ ownerId: "env:0", limit: 20 }),
  };
}

/** What each use costs in pages that it looks at: a number that nothing else on the machine changes. */
async function countAll(database: Database, uses: Record<string, Use>): Promise<Map<string, number>> {
  const pages = new Map<string, number>();
  for (const [name, use] of Object.entries(uses)) {
    const [statement] = await collectStatements((db) => use(createJobStore(db)));
    if (statement) pages.set(name, await countPages(database, statement));
  }
  return pages;
}

describe.skipIf(bin === undefined)("with 100,000 jobs waiting", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres(bin ?? "");
  }, 120_000);
  afterAll(() => server?.stop());

  it.each([
    { owners: 1, claimPagesMax: 300 },
    // A claim looks at eight owners of each sort and at what each of them could run.
    { owners: 100, claimPagesMax: 1_500 },
  ])(
    "of $owners owners, a job costs from accept to end what it costs in an empty queue",
    async ({ owners, claimPagesMax }) => {
      const database = await createDatabase({ url: await server.createDatabase(), log: silentLog });
      const uses = await prepareUses(createJobStore(database.db));
      const before = await countAll(database, uses);
      await fillQueue(database, WAITING, owners);
      for (const [name, pages] of await countAll(database, uses)) {
        const more = pages - (before.get(name) ?? 0);
        expect(more, `pages of a ${name}`).toBeLessThan(name.startsWith("claim") ? claimPagesMax : 100);
      }
      await database.close();
    },
    120_000,
  );
});
