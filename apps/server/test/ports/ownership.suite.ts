import { beforeEach, describe, expect, it } from "vitest";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import type { JobStore } from "../../src/jobs/job-store.ts";
import { acceptAndLose, createAcceptance, createAttempt, type GetDatabase, MINUTE_MS } from "./set-up.ts";

const configured = ["a", "b", "c"];

/** Which jobs a process is given, by the backends it owns and what they can render. */
export function ownershipSuite(getDatabase: GetDatabase): void {
  let jobs: JobStore;
  beforeEach(() => {
    jobs = createJobStore(getDatabase().db);
  });

  describe("a claim", () => {
    const lose = async (backendId: string) => {
      const lost = await acceptAndLose(getDatabase());
      await jobs.beginAttempt(lost.lease, { ...createAttempt(), backendId });
      return lost.job.id;
    };
    const claimAs = (owned: string[], rest = {}) =>
      jobs.claim({ holder: "w", count: 10, leaseMs: MINUTE_MS, backends: { owned, configured }, ...rest });

    it("of a job that is on a backend is for the owner of that backend alone", async () => {
      const id = await lose("a");
      expect(await claimAs(["b"])).toEqual([]);
      expect(await claimAs(["b"], { isInheritance: true })).toEqual([]);
      expect((await claimAs(["a"])).map(({ job }) => job.id)).toEqual([id]);
    });

    it("of a job whose backend left the configuration is for everybody", async () => {
      await lose("gone");
      expect(await claimAs(["b"])).toHaveLength(1);
    });

    it("of what a vanished holder left takes no job that waits", async () => {
      const id = await lose("a");
      await jobs.accept(createAcceptance());
      const taken = await claimAs(["a"], { isInheritance: true });
      expect(taken.map(({ job }) => job.id)).toEqual([id]);
    });

    it("leaves what nothing here can render to others, also when it came first", async () => {
      for (let n = 0; n < 3; n++) await jobs.accept(createAcceptance({ needs: "image/huge" }));
      const small = createAcceptance({ needs: "image/small" });
      await jobs.accept(small);
      const unfit = { unfit: ["image/huge", "image/other"] };
      expect((await claimAs(["a"], unfit)).map(({ job }) => job.id)).toEqual([small.id]);
      expect(await claimAs(["a"], unfit)).toEqual([]);
      expect(await claimAs(["b"])).toHaveLength(3);
    });

    it("takes the most urgent jobs of an owner first, whatever each of them needs", async () => {
      const accept = async (needs: string, priority: number) => {
        const waiting = createAcceptance({ needs, priority });
        await jobs.accept(waiting);
        return waiting.id;
      };
      const later = await accept("image/a", -100);
      const second = await accept("image/b", 5);
      const first = await accept("image/c", 100);
      const take = async () => (await jobs.claim({ holder: "w", count: 1, leaseMs: MINUTE_MS }))[0]?.job.id;
      expect([await take(), await take(), await take()]).toEqual([first, second, later]);
    });

    it("tells what became of earlier attempts, and why", async () => {
      const lost = await acceptAndLose(getDatabase());
      const one = await jobs.beginAttempt(lost.lease, createAttempt());
      if (one) await jobs.markAttempt(lost.lease, one.id, "lost", "out_of_memory");
      const two = await jobs.beginAttempt(lost.lease, createAttempt());
      if (two) await jobs.markAttempt(lost.lease, two.id, "superseded");
      const [heir] = await jobs.claim({ holder: "w", count: 1, leaseMs: MINUTE_MS });
      expect(heir).not.toHaveProperty("liveAttempt");
      expect(heir?.pastAttempts).toEqual([
        { n: 1, backendId: "comfyui-a", state: "lost", cause: "out_of_memory" },
        { n: 2, backendId: "comfyui-a", state: "superseded" },
      ]);
    });
  });
}
