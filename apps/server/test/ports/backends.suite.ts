import { sql } from "kysely";
import { beforeEach, describe, expect, it } from "vitest";
import { createBackendLeases } from "../../src/adapters/database/backend-leases.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { createOrphans } from "../../src/adapters/database/orphans.ts";
import { runUpkeep } from "../../src/adapters/database/upkeep.ts";
import type { BackendLeases, HeldBackend } from "../../src/generation/backend-leases.ts";
import { createId } from "../../src/ids.ts";
import type { Attempt, AttemptCause } from "../../src/jobs/job.ts";
import type { JobStore } from "../../src/jobs/job-store.ts";
import { acceptAndClaim, createAttempt, expired, type GetDatabase, MINUTE_MS, readCount } from "./set-up.ts";

const configured = ["a", "b", "c"];
const ids = (held: readonly HeldBackend[]) => held.map(({ backendId }) => backendId);

/** What the leases of backends promise, the fence they are for attempts, and the orphans that attempts leave. */
export function backendsSuite(getDatabase: GetDatabase): void {
  let leases: BackendLeases;
  let jobs: JobStore;
  beforeEach(() => {
    leases = createBackendLeases(getDatabase().db);
    jobs = createJobStore(getDatabase().db);
  });
  const hold = (holder: string, changes: Partial<Parameters<BackendLeases["hold"]>[0]> = {}) =>
    leases.hold({ holder, configured, leaseMs: MINUTE_MS, ...changes });
  /** Lets every lease and heartbeat of a holder run out. */
  async function die(holder: string): Promise<void> {
    const past = sql`clock_timestamp() - interval '1 second'`;
    await sql`update comfy.backend_leases set expires_at = ${past} where holder = ${holder}`.execute(getDatabase().db);
    await sql`update comfy.holders set expires_at = ${past} where holder = ${holder}`.execute(getDatabase().db);
  }

  describe("a backend lease", () => {
    it("gives every backend to a holder that is alone, and keeps it under the same epoch", async () => {
      const first = await hold("one");
      expect(ids(first)).toEqual(configured);
      expect(await hold("one")).toEqual(first);
    });

    it("is never given to a second holder while it lasts", async () => {
      await hold("one");
      expect(await hold("two")).toEqual([]);
    });

    it("goes to another holder when it ran out, under a higher epoch", async () => {
      const before = await hold("one");
      await die("one");
      const after = await hold("two");
      expect(after.map(({ epoch }) => epoch)).toEqual(before.map(({ epoch }) => epoch + 1));
      expect(await hold("one")).toEqual([]);
    });

    it("is shared out fairly: who has more than its share learns it, gives back, and the newcomer takes", async () => {
      await hold("one");
      await hold("two");
      const one = await hold("one");
      const surplus = ids(one.filter(({ isSurplus }) => isSurplus));
      expect(surplus).toHaveLength(1);
      expect(ids(await hold("one", { release: surplus }))).toHaveLength(2);
      expect(ids(await hold("two"))).toEqual(surplus);
      expect(ids(await hold("one"))).toHaveLength(2);
    });

    it("is taken for no more backends than its holder wants", async () => {
      expect(await hold("one", { capacity: 2 })).toHaveLength(2);
    });

    it("of one that wants none is not kept from the others", async () => {
      await hold("leaving", { capacity: 0 });
      expect(await hold("staying")).toHaveLength(3);
    });

    it("grows its epoch when it is given back and taken again, also by the same holder", async () => {
      const [before] = await hold("one", { configured: ["a"] });
      await leases.letGo("one");
      const [after] = await hold("one", { configured: ["a"] });
      expect(after?.epoch).toBe((before?.epoch ?? 0) + 1);
    });

    it("is free at once when its holder lets go, and for a backend that left the holder's configuration", async () => {
      await hold("one");
      await hold("one", { configured: ["a"] });
      expect(ids(await hold("two", { configured: ["b", "c"] }))).toContain("b");
      await leases.letGo("one");
      await leases.letGo("two");
      expect(ids(await hold("three"))).toEqual(configured);
    });

    it("is taken from the dead by the one process of an embedded database", async () => {
      const [before] = await hold("dead", { configured: ["a"] });
      const [mine] = await leases.takeAll({ holder: "alive", configured: ["a"], leaseMs: MINUTE_MS });
      expect(mine).toEqual({ backendId: "a", epoch: (before?.epoch ?? 0) + 1 });
      expect(await hold("alive", { configured: ["a"] })).toEqual([mine]);
    });

    it("is counted for holders that live: one that died is no share, and is forgotten after a day", async () => {
      await hold("dead");
      await die("dead");
      expect(await hold("alive")).toHaveLength(3);
      await sql`update comfy.holders set expires_at = expires_at - interval '2 days' where holder = 'dead'`.execute(
        getDatabase().db,
      );
      await runUpkeep(getDatabase().db, { isVacuumed: false });
      expect(await readCount(getDatabase().db, "comfy.holders")).toBe(1);
    });

    it("keeps names of any characters apart", async () => {
      const odd = ['a"b', "a'b", "a,b", "{a}", "a\\b"];
      expect(ids(await hold("x' or true --", { configured: odd })).sort()).toEqual([...odd].sort());
    });
  });

  describe("an attempt", () => {
    const attempt = { ...createAttempt(), backendId: "a" };
    const begin = async (backendLease: { holder: string; epoch: number }) => {
      const { lease } = await acceptAndClaim(jobs);
      return jobs.beginAttempt(lease, { ...attempt, id: createId(), backendLease });
    };
    async function own(holder: string) {
      const [held] = await hold(holder, { configured: ["a"] });
      return { holder, epoch: held?.epoch ?? 0 };
    }

    it("is begun by who holds its backend, and by nobody else", async () => {
      const mine = await own("one");
      expect(await begin(mine)).toMatchObject({ backendId: "a", state: "sent" });
      expect(await begin({ ...mine, holder: "two" })).toBeUndefined();
      expect(await begin({ ...mine, epoch: mine.epoch + 1 })).toBeUndefined();
    });

    it("is refused to a holder whose lease ran out, and leaves the job as it was", async () => {
      const mine = await own("one");
      await die("one");
      const { job, lease } = await acceptAndClaim(jobs);
      expect(await jobs.beginAttempt(lease, { ...attempt, backendLease: mine })).toBeUndefined();
      expect((await jobs.find(job.id))?.state).toBe("pending");
      expect(await readCount(getDatabase().db, "comfy.attempts")).toBe(0);
    });

    it("is refused to an earlier holder of the same name once another had the backend in between", async () => {
      const mine = await own("one");
      await die("one");
      await own("two");
      await leases.letGo("two");
      await own("one");
      expect(await begin(mine)).toBeUndefined();
    });
  });

  describe("an orphan", () => {
    const open = () => createOrphans(getDatabase().db);
    async function leave(state: Attempt["state"], cause?: AttemptCause): Promise<string> {
      const { lease } = await acceptAndClaim(jobs);
      const id = createId();
      await jobs.beginAttempt(lease, { ...createAttempt(id), backendId: "a" });
      await jobs.markAttempt(lease, id, state, cause);
      return id;
    }

    it("is kept of what was lost or superseded, with the boot it was sent to, until it is settled", async () => {
      const left = [await leave("lost", "unreachable"), await leave("superseded")];
      const due = await open().due(["a", "b"], 10);
      expect(due).toEqual(left.map((promptId) => ({ backendId: "a", promptId, backendEpoch: "boot-1" })));
      expect(await open().due(["a"], 1)).toHaveLength(1);
      expect(await open().due(["b"], 10)).toEqual([]);
      await open().settle(left);
      expect(await open().due(["a"], 10)).toEqual([]);
    });

    it("is none of a prompt that ended, or that the new boot of its backend has forgotten", async () => {
      await leave("done");
      await leave("lost", "backend_died");
      expect(await open().due(["a"], 10)).toEqual([]);
    });

    it("is left by a job that ended while its prompt was out", async () => {
      const { job, lease } = await acceptAndClaim(jobs);
      const attempt = { ...createAttempt(), backendId: "a" };
      await jobs.beginAttempt(lease, attempt);
      await jobs.finish({ jobId: job.id, ending: expired, isRefunded: false });
      expect(await open().due(["a"], 10)).toMatchObject([{ promptId: attempt.id, backendEpoch: "boot-1" }]);
    });

    it("is forgotten after a day, and unknown ones are settled without a word", async () => {
      await leave("superseded");
      await sql`update comfy.orphan_prompts set until = clock_timestamp() - interval '1 second'`.execute(
        getDatabase().db,
      );
      expect(await open().due(["a"], 10)).toEqual([]);
      await runUpkeep(getDatabase().db, { isVacuumed: false });
      expect(await readCount(getDatabase().db, "comfy.orphan_prompts")).toBe(0);
      await open().settle([createId(), "nonsense"]);
      expect(await open().due([], 10)).toEqual([]);
    });
  });
}
