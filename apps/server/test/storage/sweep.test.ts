import { mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createAssetRecords } from "../../src/adapters/database/asset-records.ts";
import { createBlobLedger } from "../../src/adapters/database/blob-ledger.ts";
import { createDatabase, type Database } from "../../src/adapters/database/create-database.ts";
import { createStorageRecords } from "../../src/adapters/database/storage-records.ts";
import { createDiskBlobStore } from "../../src/adapters/disk/blob-store.ts";
import { createLocalRemains } from "../../src/adapters/disk/local-remains.ts";
import { createDiskSpool } from "../../src/adapters/disk/spool.ts";
import { createSupabaseStore } from "../../src/adapters/supabase/create-supabase-store.ts";
import { createCloudBlobStore } from "../../src/assets/cloud-blob-store.ts";
import { createRoutedBlobStore } from "../../src/assets/routed-blob-store.ts";
import { createSweepStorage } from "../../src/assets/sweep-storage.ts";
import { createId } from "../../src/ids.ts";
import { silentLog as log } from "../../src/log.ts";
import { prepareEmbedded } from "../ports/embedded-template.ts";
import { clear } from "../ports/set-up.ts";
import { type SupabaseDouble, startSupabase } from "./supabase-double.ts";

const DAY_MS = 86_400_000;
const signal = new AbortController().signal;
const options = { sizeBytesMax: 1_000_000, signal };
let directory: string;
let database: Database;
let supabase: SupabaseDouble;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "comfy-sweep-"));
  await prepareEmbedded(join(directory, "database"));
  database = await createDatabase({ directory: join(directory, "database"), log });
  supabase = await startSupabase();
}, 60_000);
beforeEach(() => clear(database));
afterAll(async () => {
  await supabase.close();
  await database.close();
  await rm(directory, { recursive: true, force: true });
});

/** Disk and bucket over one database, as a deployment has them. */
async function setUp(bucket: string) {
  const { db } = database;
  const deploymentId = createId();
  const place = await mkdtemp(join(directory, "files-"));
  const { url, secretKey } = supabase;
  const objects = createSupabaseStore({ url, secretKey, bucket });
  const spool = await createDiskSpool({ directory: join(place, "spool") });
  const ledger = createBlobLedger(db);
  const assets = join(place, "assets");
  const local = await createDiskBlobStore({ directory: assets });
  const cloud = { name: objects.name, blobs: createCloudBlobStore({ objects, spool, ledger, deploymentId, log }) };
  const blobs = createRoutedBlobStore({ local, cloud, ledger });
  const remains = await createLocalRemains({ directory: assets, deploymentId: "ours" });
  if (!remains) throw new Error("The folder is another's.");
  const records = createStorageRecords(db);
  const createSweep = () =>
    createSweepStorage({
      ...{
        records,
        blobs,
        local: remains,
        cloud: { objects, spool, deploymentId },
        retentionMs: 30 * DAY_MS,
        holder: "me",
        log,
      },
      monotonicMs: () => performance.now(),
    });
  const listDisk = async () =>
    (await readdir(assets, { recursive: true })).filter((name) => /^[0-9a-f]{2}\/[0-9a-f]{64}$/.test(name));
  const listCloud = () => [...(supabase.objects.buckets.get(bucket)?.objects.keys() ?? [])];
  /** Lets everything become that old. */
  async function age(ms: number): Promise<void> {
    await sql`update comfy.blobs set touched_at = touched_at - ${ms + 1_000} * interval '1 millisecond'`.execute(db);
    await sql`update comfy.assets set created_at = created_at - ${ms + 1_000} * interval '1 millisecond'`.execute(db);
    const then = new Date(Date.now() - ms - 1_000);
    for (const name of await listDisk()) await utimes(join(assets, name), then, then);
  }
  return { blobs, records: createAssetRecords(db), createSweep, listDisk, listCloud, age };
}

async function* toStream(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

test("bytes that a crash left, on disk or outside, before anything referred to them, are removed a day later and not before", async () => {
  const { blobs, createSweep, listDisk, listCloud, age } = await setUp("crashed");
  await blobs.put(toStream("outside"), options);
  await blobs.put(toStream("on disk"), { ...options, isLocal: true });
  await createSweep()(signal);
  expect([(await listDisk()).length, listCloud().length]).toEqual([1, 1]);
  await age(DAY_MS);
  // Another process: each reads its disk only now and then.
  expect(await createSweep()(signal)).toMatchObject({ deleted: 2 });
  expect([await listDisk(), listCloud()]).toEqual([[], []]);
});

test("bytes that are in use stay, on disk and outside, however old they are", async () => {
  const { blobs, records, createSweep, listDisk, listCloud, age } = await setUp("used");
  for (const isLocal of [true, false]) {
    const blob = await blobs.put(toStream(`used, local ${isLocal}`), { ...options, isLocal });
    await records.insert("env:owner", { id: createId(), name: "a", type: "image/png", source: "builtin", blob });
  }
  await age(400 * DAY_MS);
  await createSweep()(signal);
  expect([(await listDisk()).length, listCloud().length]).toEqual([1, 1]);
});

test("a file past its time is found no more at once, and its bytes are gone a day later, wherever they were", async () => {
  const { blobs, records, createSweep, listCloud, age } = await setUp("expired");
  const blob = await blobs.put(toStream("an output of last month"), options);
  const asset = { id: createId(), name: "a.png", type: "image/png", source: "upload", blob } as const;
  await records.insert("env:owner", asset);
  await age(29 * DAY_MS);
  await createSweep()(signal);
  expect(await records.find(asset.id)).toBeDefined();
  await age(2 * DAY_MS);
  expect(await createSweep()(signal)).toMatchObject({ expired: 1, deleted: 0 });
  expect(await records.find(asset.id)).toBeUndefined();
  expect(listCloud()).toHaveLength(1);
  await age(DAY_MS);
  expect(await createSweep()(signal)).toMatchObject({ expired: 0, deleted: 1 });
  expect(listCloud()).toEqual([]);
});
