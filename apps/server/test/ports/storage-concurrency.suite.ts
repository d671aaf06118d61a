import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { createAssetRecords } from "../../src/adapters/database/asset-records.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { createStorageRecords } from "../../src/adapters/database/storage-records.ts";
import { createId } from "../../src/ids.ts";
import { acceptOne, createOutput, type GetDatabase, MINUTE_MS, readCount } from "./set-up.ts";

const old = { ageMs: 1_440 * MINUTE_MS, count: 100, claimMax: 100 };

/** What holds while others work on the same rows. One session cannot show it: this needs a server. */
export function storageConcurrencySuite(getDatabase: GetDatabase): void {
  const makeLoose = async (count: number) => {
    const { db } = getDatabase();
    const uploads = Array.from({ length: count }, () => createOutput({ source: "upload" }));
    for (const upload of uploads) await createAssetRecords(db).insert("env:owner", upload);
    await sql`delete from comfy.assets`.execute(db);
    await sql`update comfy.blobs set touched_at = touched_at - interval '2 days'`.execute(db);
    return uploads;
  };

  describe("a file that expires", () => {
    const insertOld = async () => {
      const { db } = getDatabase();
      const upload = createOutput({ source: "upload" });
      await createAssetRecords(db).insert("env:owner", upload);
      await sql`update comfy.assets set created_at = created_at - interval '2 days'`.execute(db);
      return { db, id: upload.id, jobs: createJobStore(db) };
    };

    it("is not given to a job that is accepted at that moment", async () => {
      const { db, id, jobs } = await insertOld();
      const expiring = Promise.withResolvers<void>();
      const locked = Promise.withResolvers<void>();
      const transaction = db.transaction().execute(async (trx) => {
        await sql`update comfy.assets set expired_at = clock_timestamp() where id = ${id}::uuid`.execute(trx);
        await sql`select 1 from comfy.assets for update`.execute(trx);
        locked.resolve();
        await expiring.promise;
      });
      await locked.promise;
      const accepting = acceptOne(jobs, { inputs: { picture: id } }).catch((error: unknown) => error);
      const countWaiting = async () => {
        const { rows } = await sql`select 1 from pg_locks where not granted`.execute(db);
        return rows.length;
      };
      await expect.poll(countWaiting, { timeout: 10_000 }).toBeGreaterThan(0);
      expiring.resolve();
      await transaction;
      expect(await accepting).toMatchObject({ code: "asset_not_found" });
      expect(await readCount(db, "comfy.jobs")).toBe(0);
    });

    it("is expired by none, or needed by no job, however both meet", async () => {
      for (let round = 0; round < 20; round++) {
        const { db, id, jobs } = await insertOld();
        const storage = createStorageRecords(db);
        await Promise.allSettled([
          storage.expireAssets(old),
          acceptOne(jobs, { inputs: { picture: id } }),
          storage.expireAssets(old),
        ]);
        const { rows } = await sql`
          select 1 from comfy.assets a join comfy.job_inputs i on i.asset_id = a.id where a.expired_at is not null`.execute(
          db,
        );
        expect(rows).toEqual([]);
      }
    });
  });

  describe("sweepers", () => {
    it("claim each blob once, however many there are", async () => {
      await makeLoose(40);
      const storage = createStorageRecords(getDatabase().db);
      const pages = await Promise.all(Array.from({ length: 8 }, () => storage.claimLoose(old)));
      const claimed = pages.flatMap(({ blobs }) => blobs.map(({ sha256 }) => sha256));
      expect(new Set(claimed).size).toBe(claimed.length);
    });

    it("leave alone what somebody is just about to refer to", async () => {
      const { db } = getDatabase();
      const [upload] = await makeLoose(1);
      if (!upload) throw new Error("Nothing was made.");
      const storage = createStorageRecords(db);
      await db.transaction().execute(async (trx) => {
        await sql`insert into comfy.assets (id, owner_id, sha256, name, type, source)
          values (${createId()}::uuid, 'env:other', ${upload.blob.sha256}, 'a.png', 'image/png', 'upload')`.execute(
          trx,
        );
        expect((await storage.claimLoose(old)).blobs).toEqual([]);
      });
      expect((await storage.claimLoose(old)).blobs).toEqual([]);
    });

    it("and those who store the same bytes never leave a row without its asset", async () => {
      const { db } = getDatabase();
      const uploads = await makeLoose(10);
      const storage = createStorageRecords(db);
      const sweep = async () => {
        const { blobs } = await storage.claimLoose(old);
        for (const { sha256 } of blobs) await storage.settle(sha256);
      };
      const insert = uploads.map((upload) => createAssetRecords(db).insert("env:owner", { ...upload, id: createId() }));
      await Promise.all([sweep(), sweep(), ...insert, sweep()]);
      expect(await readCount(db, "comfy.assets")).toBe(10);
      const { rows } = await sql<{ state: string }>`select state from comfy.blobs`.execute(db);
      expect(rows.map(({ state }) => state)).toEqual(Array.from({ length: 10 }, () => "live"));
    });
  });
}
