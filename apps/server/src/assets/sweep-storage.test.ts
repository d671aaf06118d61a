import { describe, expect, it } from "vitest";
import { AppError } from "../errors.ts";
import { silentLog } from "../log.ts";
import { toLooseAgeMs } from "./loose-age.ts";
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
  readonly isDown?: boolean;
}

/** A sweep over records that write down what they are told. */
function setUp({ pages = [[]], stuck = [], isMyTurn = true, changes = {}, failing, isDown }: Parts = {}) {
  const done: string[] = [];
  let nowMs = 0;
  let toExpire = 2_500;
  const left = [...stuck];
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
    async reclaim({ count }) {
      return left.splice(0, count);
    },
    unclaim: async (hashes) => void done.push(`given back ${hashes.length}`),
    settle: async (sha256) => void done.push(`settled ${sha256}`),
    release: async (sha256) => void done.push(`released ${sha256}`),
    findUnknown: async (locations) => locations.filter((location) => location.startsWith("unknown")),
    takeTurn: async () => isMyTurn,
  };
  const sweep = createSweepStorage({
    records,
    blobs: {
      async delete(location) {
        if (isDown) throw new AppError("unavailable", "The store does not answer.");
        if (location === failing) throw new Error("A place that is none.");
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

  it("deletes nothing on the strength of an old claim, and gives back what a slow store left of it", async () => {
    const many = Array.from({ length: 300 }, (_, n) => blob(String(n), `s3:${n}`));
    const { done, sweep } = setUp({ pages: [many, many] });
    await sweep(signal);
    const deleted = done.filter((line) => line.startsWith("deleted s3:"));
    // Each delete takes a second here; a claim is good for two minutes.
    expect(deleted.length).toBeGreaterThan(100);
    expect(deleted.length).toBeLessThan(136);
    expect(done.at(-1)).toBe(`given back ${300 - deleted.length}`);
  });

  it("ends when the store does not answer: what it claimed and did not ask for is given back, and no more is claimed", async () => {
    const page = Array.from({ length: 64 }, (_, n) => blob(String(n), `s3:${n}`));
    const { done, sweep } = setUp({ pages: [page, page], isDown: true });
    expect(await sweep(signal)).toMatchObject({ deleted: 2 });
    expect(done.slice(2)).toEqual(["given back 56"]);
  });

  it("of what others left ends too while the store does not answer, before anything new is claimed", async () => {
    const stuck = Array.from({ length: 200 }, (_, n) => blob(String(n), `s3:${n}`));
    const { done, sweep } = setUp({ stuck, pages: [stuck], isDown: true });
    await sweep(signal);
    expect(done.slice(2)).toEqual([]);
  });

  it("takes up all that others left, however much", async () => {
    const stuck = Array.from({ length: 200 }, (_, n) => blob(String(n), "a"));
    expect(await setUp({ stuck }).sweep(signal)).toMatchObject({ deleted: 202 });
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

  it("drops what crashes left in the spool and in the bucket when no job can be waiting for it any more", async () => {
    const ages: number[] = [];
    const cloud = {
      objects: { dropHalves: async (_: string, ageMs: number) => ages.push(ageMs) },
      spool: { dropHalves: async (ageMs: number) => ages.push(ageMs) },
      deploymentId: "ours",
    };
    const looseAgeMs = toLooseAgeMs(172_800_000);
    expect(await setUp({ changes: { cloud, looseAgeMs } }).sweep(signal)).toMatchObject({ halves: 3 });
    expect(ages).toEqual([176_400_000, 176_400_000]);
  });

  it("keeps what nobody refers to for a day, and longer than the deadline of any job", () => {
    expect([3_600_000, 86_400_000].map(toLooseAgeMs)).toEqual([86_400_000, 90_000_000]);
  });

  it("stops at the signal", async () => {
    const { done, sweep } = setUp({ pages: [[blob("a", "s3:a")]], changes: { retentionMs: 1 } });
    await sweep(AbortSignal.abort());
    expect(done).toEqual([]);
  });
});
