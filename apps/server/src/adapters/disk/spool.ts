import { randomUUID } from "node:crypto";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Spool } from "../../assets/spool.ts";
import { untilAborted } from "../../assets/until-aborted.ts";
import { AppError } from "../../errors.ts";
import { createIntake, type Intake } from "./intake.ts";
import { createHalf } from "./write-half.ts";

/** Keeps files of this process in a folder, which is made for this user alone, until they are disposed of. */
export async function createDiskSpool({ directory }: { directory: string }): Promise<Spool> {
  await mkdir(directory, { recursive: true, mode: 0o700 });

  return {
    async write(body, { sizeBytesMax, signal }) {
      const path = join(directory, randomUUID());
      const dispose = () => rm(path, { force: true });
      const intake = createIntake(untilAborted(body, signal), sizeBytesMax);
      try {
        await writeAll(intake, path);
        return { ...intake.finish(), path, [Symbol.asyncDispose]: dispose };
      } catch (error) {
        await dispose();
        throw error;
      } finally {
        await intake.close();
      }
    },
    async dropHalves(olderThanMs) {
      let count = 0;
      for (const name of await readdir(directory)) {
        const path = join(directory, name);
        const found = await stat(path).catch(() => undefined);
        if (!found || Date.now() - found.mtimeMs < olderThanMs) continue;
        await rm(path, { force: true });
        count += 1;
      }
      return count;
    },
  };
}

async function writeAll(intake: Intake, path: string): Promise<void> {
  // Whatever a power cut takes is fetched again.
  const half = await onDisk(createHalf(path, { isSynced: false, isSmall: false }));
  try {
    for (let isLast = false; !isLast; ) {
      const part = await intake.gather();
      // One thread writes while this one hashes.
      await Promise.all([onDisk(half.write(part.chunks)), intake.hash(part.chunks)]);
      ({ isLast } = part);
    }
  } finally {
    await half.close();
  }
}

async function onDisk<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (cause) {
    throw new AppError("unavailable", "The file could not be stored; try again later.", { cause });
  }
}
