import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncFolder } from "./sync-folder.ts";

/** A file of a data folder, or the next piece of it. */
export type FilePiece = { readonly file: string; readonly sizeBytes: number } | { readonly data: string };

const KEY_FILE = "master.key";
const ASSETS = "assets";
/** What a data folder holds beside the database. Names come from a file that somebody gave us: nothing else is ever written. */
const NAME = /^(master\.key|assets\/[0-9a-f]{2}\/[0-9a-f]{64})$/;
const PIECE_SIZE_BYTES = 768 * 1024;

/** The master key and every stored file, in pieces of base64. */
export async function* readDataFiles(directory: string): AsyncGenerator<FilePiece> {
  for await (const file of listFiles(directory)) {
    const path = join(directory, file);
    yield { file, sizeBytes: (await stat(path)).size };
    for await (const chunk of createReadStream(path, { highWaterMark: PIECE_SIZE_BYTES }))
      yield { data: (chunk as Buffer).toString("base64") };
  }
}

async function* listFiles(directory: string): AsyncGenerator<string> {
  if (await stat(join(directory, KEY_FILE)).catch(() => undefined)) yield KEY_FILE;
  for (const folder of await listNames(join(directory, ASSETS)))
    for (const name of /^[0-9a-f]{2}$/.test(folder) ? await listNames(join(directory, ASSETS, folder)) : []) {
      const file = `${ASSETS}/${folder}/${name}`;
      if (NAME.test(file)) yield file;
    }
}

/** Sorted; none where there is no folder. */
async function listNames(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  });
  return names.sort();
}

/** Writes files piece by piece into a data folder; each appears when it is whole. */
export function createDataFileWriter(directory: string) {
  let current: { readonly path: string; readonly handle: FileHandle; left: number } | undefined;

  async function finish(): Promise<void> {
    if (!current) return;
    const { path, handle, left } = current;
    current = undefined;
    await handle.sync();
    await handle.close();
    if (left !== 0) throw new Error(`${path} is not as long as the file says.`);
    if (path.endsWith(KEY_FILE)) await assertSameKey(path);
    await rename(`${path}.partial`, path);
    await syncFolder(dirname(path));
    // The first of its folder, or of all.
    if (!path.endsWith(KEY_FILE)) for (const folder of [join(directory, ASSETS), directory]) await syncFolder(folder);
  }

  return {
    async write(piece: FilePiece): Promise<void> {
      if ("data" in piece) {
        if (!current) throw new Error("The file has a piece of content that belongs to no file.");
        const bytes = Buffer.from(piece.data, "base64");
        current.left -= bytes.length;
        await current.handle.writeFile(bytes);
        return;
      }
      await finish();
      if (!NAME.test(piece.file))
        throw new Error(`A data folder has no file of the name ${JSON.stringify(piece.file)}.`);
      const path = join(directory, piece.file);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      current = { path, handle: await open(`${path}.partial`, "w", 0o600), left: piece.sizeBytes };
    },
    finish,
    /** Lets go of a file that is not whole. */
    async discard(): Promise<void> {
      if (!current) return;
      await current.handle.close();
      await rm(`${current.path}.partial`, { force: true });
      current = undefined;
    },
  };
}

/** What one master key sealed is not opened by another. */
async function assertSameKey(path: string): Promise<void> {
  const known = await readFile(path).catch(() => undefined);
  if (known === undefined || known.equals(await readFile(`${path}.partial`))) return;
  await rm(`${path}.partial`);
  throw new Error(`${path} holds another master key than the file: expected a data folder that was never used.`);
}
