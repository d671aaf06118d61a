import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { createAssetRecords } from "../../src/adapters/database/asset-records.ts";
import { createAssetShelf } from "../../src/adapters/database/asset-shelf.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import type { NewAsset } from "../../src/assets/asset.ts";
import { createId } from "../../src/ids.ts";
import { acceptAndClaim, acceptOne, complete, createOutput, failed, type GetDatabase } from "./set-up.ts";

export function shelfSuite(getDatabase: GetDatabase): void {
  describe("the files of an owner", () => {
    const set = () => {
      const { db } = getDatabase();
      const shelf = createAssetShelf(db);
      const records = createAssetRecords(db);
      const put = (ownerId: string, changes: Partial<NewAsset> = {}) =>
        records.insert(ownerId, createOutput({ source: "upload", ...changes }));
      const render = async () => {
        const { job, lease } = await acceptAndClaim(createJobStore(db));
        const output = createOutput();
        await createJobStore(db).finish({ jobId: job.id, lease, ending: complete(output), isRefunded: false });
        return { job, output };
      };
      return { db, shelf, put, render, jobs: createJobStore(db) };
    };

    it("are listed newest first, page by page, none twice and none left out, also those of one moment", async () => {
      const { db, shelf, put } = set();
      const made: string[] = [];
      for (let n = 0; n < 7; n++) made.push((await put("env:owner")).id);
      await sql`update comfy.assets set created_at = '2026-01-01T12:00:00.123457Z'`.execute(db);
      made.push((await put("env:owner")).id);
      await put("env:other");
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await shelf.list({ ownerId: "env:owner", limit: 3, ...(cursor !== undefined && { cursor }) });
        seen.push(...page.assets.map(({ id }) => id));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(seen[0]).toBe(made.at(-1));
      expect(seen).toHaveLength(8);
      expect(seen.toSorted()).toEqual(made.toSorted());
    });

    it("are filtered by where they come from, what they are, and the job that made them", async () => {
      const { shelf, put, render } = set();
      const sound = await put("env:owner", { type: "audio/wav", source: "url" });
      const picture = await put("env:owner", { type: "image/png" });
      const { job, output } = await render();
      const list = async (filter: object) => {
        const { assets } = await shelf.list({ ownerId: "env:owner", limit: 10, ...filter });
        return assets.map(({ id }) => id);
      };
      expect(await list({ source: "url" })).toEqual([sound.id]);
      expect(await list({ type: "audio" })).toEqual([sound.id]);
      expect(await list({ type: "image/png", source: "upload" })).toEqual([picture.id]);
      expect(await list({ type: "image/p" })).toEqual([]);
      expect(await list({ jobId: job.id })).toEqual([output.id]);
      expect(await list({ jobId: createId() })).toEqual([]);
      expect(await list({ jobId: "x" })).toEqual([]);
    });

    it.each(["x", "1_x", "_", "' or true --", `${"9".repeat(30)}_${createId()}`])(
      "have no page behind a made-up cursor: %s",
      async (cursor) => {
        await expect(set().shelf.list({ ownerId: "env:owner", limit: 3, cursor })).rejects.toMatchObject({
          code: "invalid_input",
        });
      },
    );

    it("are found by their owner alone", async () => {
      const { shelf, put } = set();
      const { id } = await put("env:owner");
      expect(await shelf.find("env:owner", id)).toMatchObject({ id, source: "upload" });
      expect(await shelf.find("env:other", id)).toBeUndefined();
      expect(await shelf.find("env:owner", "x")).toBeUndefined();
    });

    it("are deleted by their owner alone, once", async () => {
      const { shelf, put } = set();
      const { id } = await put("env:owner");
      expect(await shelf.remove("env:other", id)).toBe("unknown");
      expect(await shelf.remove("env:owner", id)).toBe("removed");
      expect(await shelf.remove("env:owner", id)).toBe("unknown");
      expect(await shelf.find("env:owner", id)).toBeUndefined();
    });

    it("stay while a job that has not ended needs them, and not a moment longer", async () => {
      const { shelf, put, jobs } = set();
      const { id } = await put("env:owner");
      const jobId = await acceptOne(jobs, { inputs: { audio: id } });
      expect(await shelf.remove("env:owner", id)).toBe("in_use");
      await jobs.finish({ jobId, ending: failed, isRefunded: false });
      expect(await shelf.remove("env:owner", id)).toBe("removed");
    });

    it("leave their job behind when they are outputs", async () => {
      const { shelf, render, jobs } = set();
      const { job, output } = await render();
      expect(await shelf.remove("env:owner", output.id)).toBe("removed");
      expect(await jobs.find(job.id)).toMatchObject({ state: "complete", outputs: [] });
    });
  });
}
