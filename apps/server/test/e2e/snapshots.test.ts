import { mkdtemp, readdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createDatabase } from "../../src/adapters/database/create-database.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { createSnapshotFolder } from "../../src/adapters/disk/snapshot-folder.ts";
import { runDataCommand, toRecords } from "../../src/compose/move-data.ts";
import { silentLog as log } from "../../src/log.ts";
import { createSnapshots } from "../../src/worker/snapshots.ts";
import { createManualClock } from "../manual-clock.ts";
import { prepareEmbedded } from "../ports/embedded-template.ts";
import { acceptOne } from "../ports/set-up.ts";

const HOUR_MS = 3_600_000;

async function newFolder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "comfy-snapshots-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

describe("snapshots of an embedded database", () => {
  it("are taken while it works, and bring it back", async () => {
    const dataDirectory = await newFolder();
    const directory = join(dataDirectory, "database");
    await prepareEmbedded(directory);
    const database = await createDatabase({ directory, log });
    const jobs = createJobStore(database.db);
    const before = await acceptOne(jobs, { metadata: { of: "before" } });
    const folder = createSnapshotFolder(join(dataDirectory, "snapshots"));
    const [path] = await Promise.all([
      folder.add(toRecords(database.db), Date.now()),
      ...Array.from({ length: 5 }, () => acceptOne(jobs)),
    ]);
    const after = await acceptOne(jobs);
    await database.close();

    await rename(directory, `${directory}-lost`);
    await prepareEmbedded(directory);
    await runDataCommand(["import", path], { dataDirectory }, log);
    const restored = await createDatabase({ directory, log });
    onTestFinished(restored.close);
    expect(await createJobStore(restored.db).find(before)).toMatchObject({ metadata: { of: "before" } });
    expect(await createJobStore(restored.db).find(after)).toBeUndefined();
    await acceptOne(createJobStore(restored.db));
  }, 120_000);

  it("are taken when they are due, over restarts too, and the three newest are kept", async () => {
    const directory = await newFolder();
    const folder = createSnapshotFolder(directory);
    const clock = createManualClock();
    async function* records() {
      yield { end: true };
    }
    const start = () => {
      const take = (nowMs: number) => folder.add(records(), nowMs);
      return createSnapshots({ everyMs: 24 * HOUR_MS, newestMs: folder.newestMs, take, clock, log });
    };
    const first = start();
    expect(await first.takeWhenDue()).toBe(false);
    clock.advance(HOUR_MS);
    expect(await first.takeWhenDue()).toBe(true);
    expect(await first.takeWhenDue()).toBe(false);
    clock.advance(23 * HOUR_MS);
    expect(await start().takeWhenDue()).toBe(false);
    clock.advance(HOUR_MS);
    expect(await start().takeWhenDue()).toBe(true);
    for (let day = 0; day < 3; day++) {
      clock.advance(24 * HOUR_MS);
      await first.takeWhenDue();
    }
    expect(await readdir(directory)).toHaveLength(3);
    expect(await folder.newestMs()).toBe(clock.nowMs());
  });

  it("leave no halves behind when the process is killed in mid-copy", async () => {
    const directory = await newFolder();
    const folder = createSnapshotFolder(directory);
    const half = "2026-01-31T12-00-00-000Z.comfy.partial";
    const going = "2026-01-31T18-00-00-000Z.comfy.partial";
    for (const name of [half, going]) await writeFile(join(directory, name), "half");
    const ago = new Date(Date.now() - 2 * HOUR_MS);
    await utimes(join(directory, half), ago, ago);
    expect(await folder.newestMs()).toBeUndefined();
    expect(await readdir(directory)).toEqual([going]);
  });

  it("are not tried again and again when one fails, because everybody waits for it", async () => {
    const clock = createManualClock();
    let tried = 0;
    const take = async () => {
      tried += 1;
      throw new Error("It took too long.");
    };
    const newestMs = async () => undefined;
    const { takeWhenDue } = createSnapshots({ everyMs: 24 * HOUR_MS, newestMs, take, clock, log });
    for (let hour = 0; hour < 48; hour++) {
      clock.advance(HOUR_MS);
      await takeWhenDue().catch(() => undefined);
    }
    expect(tried).toBe(2);
  });
});
