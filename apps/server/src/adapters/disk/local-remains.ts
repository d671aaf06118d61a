import { randomUUID } from "node:crypto";
import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LocalRemains } from "../../assets/local-remains.ts";

const FOLDER = /^[0-9a-f]{2}$/;
const NAME = /^[0-9a-f]{64}$/;
const OWNER_FILE = "deployment";

export interface LocalRemainsOptions {
  /** Where the blobs of this machine are. */
  readonly directory: string;
  /** Only who made the folder may say what in it is nobody's. */
  readonly deploymentId: string;
  readonly nowMs?: () => number;
}

/** @returns undefined when the folder belongs to another deployment, whose database knows what is in it */
export async function createLocalRemains(options: LocalRemainsOptions): Promise<LocalRemains | undefined> {
  const { directory, deploymentId, nowMs = Date.now } = options;
  const mark = join(directory, OWNER_FILE);
  // Of two processes that start together one writes; both read what was written.
  await writeFile(mark, deploymentId, { flag: "wx", mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  if ((await readFile(mark, "utf8")) !== deploymentId) return undefined;

  const isStale = async (path: string, ageMs: number) => {
    const found = await stat(path).catch(() => undefined);
    return found !== undefined && nowMs() - found.mtimeMs > ageMs;
  };

  return {
    async *listStale(ageMs) {
      for (const folder of await readdir(directory)) {
        if (!FOLDER.test(folder)) continue;
        for (const name of await readdir(join(directory, folder))) {
          if (NAME.test(name) && (await isStale(join(directory, folder, name), ageMs))) yield `${folder}/${name}`;
        }
      }
    },
    async deleteStale(location, ageMs) {
      const [folder = "", name = ""] = location.split("/");
      if (!FOLDER.test(folder) || !NAME.test(name)) throw new Error(`${location} is no place of a blob.`);
      const path = join(directory, folder, name);
      const isThere = await stat(path).catch(() => undefined);
      if (isThere === undefined) return true;
      if (!(await isStale(path, ageMs))) return false;
      // Moved away before it is judged for good: a blob that was stored in between is moved back, equal to any that came after it.
      const aside = join(directory, "incoming", randomUUID());
      const isMoved = await rename(path, aside).then(
        () => true,
        // Another process that shares the folder was faster.
        () => false,
      );
      if (!isMoved) return true;
      if (await isStale(aside, ageMs)) {
        await rm(aside, { force: true });
        return true;
      }
      await rename(aside, path);
      return false;
    },
  };
}
