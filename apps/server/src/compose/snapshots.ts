import { join } from "node:path";
import { createSnapshotFolder } from "../adapters/disk/snapshot-folder.ts";
import { createSnapshots } from "../worker/snapshots.ts";
import type { Ground } from "./ground.ts";
import { toRecords } from "./move-data.ts";
import type { Records } from "./storage.ts";

/** Copies of an embedded database, which does not survive a power cut. PostgreSQL has its own ways. */
export function composeSnapshots({ config, clock, log, lifecycle }: Ground, { database }: Records): void {
  const { snapshotMs: everyMs, dataDirectory } = config;
  if (database.durability === "server" || everyMs === 0) return;
  const folder = createSnapshotFolder(join(dataDirectory, "snapshots"));
  const take = (nowMs: number) => folder.add(toRecords(database.db), nowMs);
  lifecycle.add(createSnapshots({ everyMs, newestMs: folder.newestMs, take, clock, log }).part);
}
