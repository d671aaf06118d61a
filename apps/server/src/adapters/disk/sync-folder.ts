import { open } from "node:fs/promises";
import { join } from "node:path";

/** Makes the names in a folder survive a power cut: the bytes of a file may be on the disk, and its name not yet. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The same; those who wait for one folder together share the work, and nobody is given one that had begun before. */
export function shareSyncs(sync: (folder: string) => Promise<void>): (folder: string) => Promise<void> {
  const running = new Map<string, Promise<void>>();
  const waiting = new Map<string, Promise<void>>();

  function begin(folder: string): Promise<void> {
    const work = sync(folder).finally(() => running.delete(folder));
    running.set(folder, work);
    return work;
  }

  return function share(folder) {
    const known = waiting.get(folder);
    if (known !== undefined) return known;
    const before = running.get(folder);
    if (before === undefined) return begin(folder);
    const after = before
      .catch(() => undefined)
      .then(() => {
        waiting.delete(folder);
        return begin(folder);
      });
    waiting.set(folder, after);
    return after;
  };
}

/** Brings the name of a file in a folder of `directory` to the disk, and once that of the folder. */
export function createNameSync(directory: string, sync: (folder: string) => Promise<void> = syncFolder) {
  const share = shareSyncs(sync);
  const known = new Set<string>();
  return async function syncNames(folder: string): Promise<void> {
    await share(join(directory, folder));
    if (known.has(folder)) return;
    await share(directory);
    known.add(folder);
  };
}
