import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { createAssetRecords } from "../../src/adapters/database/asset-records.ts";
import { createStorageRecords } from "../../src/adapters/database/storage-records.ts";
import { createId } from "../../src/ids.ts";
import { createOutput, type GetDatabase, MINUTE_MS, readCount } from "./set-up.ts";

const old = { ageMs: 1_440 * MINUTE_MS, count: 100 };

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
