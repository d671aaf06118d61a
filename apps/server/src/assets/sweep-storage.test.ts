import { describe, expect, it } from "vitest";
import { silentLog } from "../log.ts";
import type { LooseBlob, StorageRecords } from "./storage-records.ts";
import { createSweepStorage, type SweepStorageDeps } from "./sweep-storage.ts";

const signal = new AbortController().signal;
const blob = (name: string, ...locations: string[]): LooseBlob => ({ sha256: name, locations });

interface Parts {
  readonly pages?: readonly (readonly LooseBlob[])[];
  readonly stuck?: readonly LooseBlob[];
  readonly isMyTurn?: boolean;
  readonly changes?: Partial<SweepStorageDeps>;
  readonly failing?: string;
}

/** A sweep over records that write down what they are told. */
function setUp({ pages = [[]], stuck = [], isMyTurn = true, changes = {}, failing }: Parts = {}) {
  const done: string[] = [];
  let nowMs = 0;
  let toExpire = 2_500;
  const records: StorageRecords = {
    async expireAssets({ ageMs, count }) {
      const expired = Math.min(toExpire, count);
      toExpire -= expired;
      done.push(`expired ${expired} older than ${ageMs}`);
      return expired;
    },
    async claimLoose({ cursor = "0" }) {
      const next = Number(cursor) + 1;
      return { blobs: pages[Number(cursor)] ?? [], ...(next < pages.length && { cursor: String(next) }) };
    },
    reclaim: async () => stuck,
    settle: async (sha256) => void done.push(`settled ${sha256}`),
    release: async (sha256) => void done.push(`released ${sha256}`),
    findUnknown: async (locations) => locations.filter((location) => location.startsWith("unknown")),
    takeTurn: async () => isMyTurn,
  };
  const sweep = createSweepStorage({
    records,
    blobs: {
      async delete(location) {
        if (location === failing) throw new Error("The store does not answer.");
        done.push(`deleted ${location}`);
        nowMs += 1_000;
      },
    },
    local: {
      async *listStale() {
        yield* ["known/1", "unknown/1", "unknown/2"];
      },
      async deleteStale(location) {
        if (location === "again") return false;
        done.push(`deleted ${location}`);
        return true;
      },
    },
    holder: "me",
    log: silentLog,
    monotonicMs: () => nowMs,
    ...changes,
  });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { done, sweep, pass };
}

describe("a sweep", () => {
  it("removes what nobody refers to from every place it lies in, then forgets it, page by page", async () => {
    const { done, sweep } = setUp({ pages: [[blob("a", "s3:a", "a")], [], [blob("b", "s3:b")]] });
    expect(await sweep(signal)).toEqual({ expired: 0, deleted: 4, halves: 0 });
    expect(done.slice(2)).toEqual(["deleted s3:a", "deleted a", "settled a", "deleted s3:b", "settled b"]);
  });

  it("gives back what was stored again in the meantime", async () => {
    const { done, sweep } = setUp({ pages: [[blob("a", "again")]] });
    await sweep(signal);
    expect(done).toContain("released a");
    expect(done).not.toContain("settled a");
  });

  it("leaves claimed what the store did not delete, and goes on with the rest", async () => {
    const { done, sweep } = setUp({ pages: [[blob("a", "s3:a"), blob("b", "s3:b")]], failing: "s3:a" });
    await sweep(signal);
    expect(done.slice(2)).toEqual(["deleted s3:b", "settled b"]);
  });

  it("takes up what another left, and deletes nothing on the strength of an old claim", async () => {
    const many = Array.from({ length: 300 }, (_, n) => blob(String(n), `s3:${n}`));
    const { done, sweep } = setUp({ stuck: many });
    await sweep(signal);
    const deleted = done.filter((line) => line.startsWith("deleted s3:"));
    // Each delete takes a second here; a claim is good for two minutes.
    expect(deleted.length).toBeGreaterThan(100);
    expect(deleted.length).toBeLessThan(130);
  });

  it("expires what is older than the retention, all of it; without one nothing", async () => {
    const kept = setUp();
    await kept.sweep(signal);
    expect(kept.done.filter((line) => line.startsWith("expired"))).toEqual([]);
    const { done, sweep } = setUp({ changes: { retentionMs: 5_000 } });
    expect(await sweep(signal)).toMatchObject({ expired: 2_500 });
    expect(done.filter((line) => line.startsWith("expired"))).toEqual([
      "expired 1000 older than 5000",
      "expired 1000 older than 5000",
      "expired 500 older than 5000",
    ]);
  });

  it("removes files of this machine that nobody knows, every six hours, also when the rest is another's turn", async () => {
    const { done, sweep, pass } = setUp({ isMyTurn: false, pages: [[blob("a", "s3:a")]] });
    expect(await sweep(signal)).toMatchObject({ deleted: 2 });
    expect(await sweep(signal)).toMatchObject({ deleted: 0 });
    pass(6 * 3_600_000);
    expect(await sweep(signal)).toMatchObject({ deleted: 2 });
    expect(done).not.toContain("settled a");
  });

  it("drops what crashes left in the spool and in the bucket", async () => {
    const cloud = {
      objects: { dropHalves: async () => 3 },
      spool: { dropHalves: async () => 4 },
      deploymentId: "ours",
    };
    expect(await setUp({ changes: { cloud } }).sweep(signal)).toMatchObject({ halves: 7 });
  });

  it("stops at the signal", async () => {
    const { done, sweep } = setUp({ pages: [[blob("a", "s3:a")]], changes: { retentionMs: 1 } });
    await sweep(AbortSignal.abort());
    expect(done).toEqual([]);
  });
});
