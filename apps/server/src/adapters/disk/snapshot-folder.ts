import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeArchive } from "./archive.ts";

/** Where copies of the database are kept, each under the time it was made at. */
export interface SnapshotFolder {
  /** Unix milliseconds of the newest; undefined when there is none. */
  newestMs(): Promise<number | undefined>;
  /** Writes one more and removes all but the newest few. Gives its path. */
  add(records: AsyncIterable<object>, nowMs: number): Promise<string>;
}

const KEPT = 3;
/** `2026-01-31T12-00-00-000Z.comfy`: no colons, which not every disk takes. */
const NAME = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z\.comfy$/;

/** What a process left that was killed in mid-copy, as large as a database. */
const HALF = /\.comfy\.partial$/;
/** A copy that goes on is written to all the time. */
const HALF_AGE_MS = 60 * 60_000;

export function createSnapshotFolder(directory: string): SnapshotFolder {
  /** Newest first. */
  async function list(): Promise<string[]> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const names = await readdir(directory);
    for (const name of names) if (HALF.test(name)) await removeHalf(join(directory, name));
    return names
      .filter((name) => NAME.test(name))
      .sort()
      .reverse();
  }

  return {
    async newestMs() {
      const [newest] = await list();
      return newest === undefined ? undefined : Date.parse(newest.replace(NAME, "$1T$2:$3:$4.$5Z"));
    },
    async add(records, nowMs) {
      await list();
      const path = join(directory, `${new Date(nowMs).toISOString().replace(/[:.]/g, "-")}.comfy`);
      await writeArchive(path, records);
      for (const name of (await list()).slice(KEPT)) await rm(join(directory, name), { force: true });
      return path;
    },
  };
}

async function removeHalf(path: string): Promise<void> {
  const state = await stat(path).catch(() => undefined);
  if (state !== undefined && Date.now() - state.mtimeMs > HALF_AGE_MS) await rm(path, { force: true });
}
