import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Spool } from "../../assets/spool.ts";
import { untilAborted } from "../../assets/until-aborted.ts";
import { AppError } from "../../errors.ts";

/** Keeps files of this process in a folder, which is made for this user alone, until they are disposed of. */
export async function createDiskSpool({ directory }: { directory: string }): Promise<Spool> {
  await mkdir(directory, { recursive: true, mode: 0o700 });

  return {
    async write(body, { sizeBytesMax, signal }) {
      const path = join(directory, randomUUID());
      const dispose = () => rm(path, { force: true });
      try {
        const written = await writeAll(untilAborted(body, signal), path, sizeBytesMax);
        return { ...written, path, [Symbol.asyncDispose]: dispose };
      } catch (error) {
        await dispose();
        throw error;
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

async function writeAll(body: AsyncIterable<Uint8Array>, path: string, sizeBytesMax: number) {
  await using handle = await onDisk(open(path, "wx", 0o600));
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > sizeBytesMax) {
      throw new AppError("payload_too_large", `The file is too large: expected at most ${sizeBytesMax} bytes.`);
    }
    hash.update(chunk);
    // Unlike `write` it goes on after a short write.
    await onDisk(handle.appendFile(chunk));
  }
  return { sha256: hash.digest("hex"), sizeBytes };
}

async function onDisk<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (cause) {
    throw new AppError("unavailable", "The file could not be stored; try again later.", { cause });
  }
}
