import { join } from "node:path";
import { createSnapshotFolder } from "../adapters/disk/snapshot-folder.ts";
import { createSnapshots } from "../worker/snapshots.ts";
import type { Ground } from "./ground.ts";
import { toRecords } from "./move-data.ts";
import type { Records } from "./storage.ts";

/** Requests wait for so long at the most; 50 MB take about two seconds. */
const PATIENCE_MS = 10_000;

/** Copies of an embedded database, which does not survive a power cut. PostgreSQL has its own ways. */
export function composeSnapshots({ config, clock, log, lifecycle }: Ground, { database }: Records): void {
  const { snapshotMs: everyMs, dataDirectory } = config;
  if (database.durability === "server" || everyMs === 0) return;
  const folder = createSnapshotFolder(join(dataDirectory, "snapshots"));
  const take = (nowMs: number) => folder.add(withDeadline(toRecords(database.db)), nowMs);
  lifecycle.add(createSnapshots({ everyMs, newestMs: folder.newestMs, take, clock, log }).part);
}

async function* withDeadline<T>(records: AsyncIterable<T>): AsyncGenerator<T> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for await (const record of records) {
    if (performance.now() > deadlineMs)
      throw new Error(
        `The database is too large to be copied while it works: it took more than ${PATIENCE_MS / 1_000} s. Stop the service and use db export.`,
      );
    yield record;
  }
}
