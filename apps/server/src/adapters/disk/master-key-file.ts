import { randomBytes, randomUUID } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { MasterKey } from "../../access/sealer.ts";

const FILE = "master.key";
const LINE = /^([\w-]{1,32}):([A-Za-z0-9+/]{43}=)\n?$/;

/**
 * The master key of a deployment that was given none: made once, in `master.key` of the data folder, for its owner's eyes alone.
 *
 * @throws Error with a sentence when the file is there and is something else: a new key would open nothing that the old one sealed
 */
export async function readMasterKeyFile(directory: string): Promise<MasterKey> {
  const path = join(directory, FILE);
  return parseLine(path, (await readIfThere(path)) ?? (await writeOnce(directory, path)));
}

/** The same where it was made before; none is made. */
export async function findMasterKeyFile(directory: string): Promise<MasterKey | undefined> {
  const path = join(directory, FILE);
  const text = await readIfThere(path);
  return text === undefined ? undefined : parseLine(path, text);
}

function parseLine(path: string, text: string): MasterKey {
  const [, id, key] = LINE.exec(text) ?? [];
  if (id === undefined || key === undefined)
    throw new Error(`${path} does not hold a master key: expected one line, an id, a colon and 32 bytes in base64.`);
  return { id, key: Buffer.from(key, "base64") };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Of several processes that start together one is first; the others read what it wrote. Nobody ever sees half a file. */
async function writeOnce(directory: string, path: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const draft = `${path}.${randomUUID()}`;
  const text = `file-${randomBytes(4).toString("hex")}:${randomBytes(32).toString("base64")}\n`;
  try {
    await writeSynced(draft, text);
    await link(draft, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  await syncFolder(directory);
  return readFile(path, "utf8");
}

/** What is sealed with it and outlives a power cut must not outlive the key. */
async function writeSynced(path: string, text: string): Promise<void> {
  const handle = await open(path, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
