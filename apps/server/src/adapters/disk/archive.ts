import { createReadStream, createWriteStream } from "node:fs";
import { link, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { syncFolder } from "./sync-folder.ts";

/** Longer lines are not ours: pieces of files have a megabyte. */
const LINE_LENGTH_MAX = 64 * 1024 * 1024;

/**
 * Writes records into a new file, a line of JSON each, packed: whole or not at all, for nobody else to read.
 *
 * @throws Error with a sentence when the file exists
 */
export async function writeArchive(file: string, records: AsyncIterable<object>): Promise<void> {
  const partial = `${file}.partial`;
  async function* toLines() {
    for await (const record of records) yield `${JSON.stringify(record)}\n`;
  }
  try {
    // Pictures are packed already: more effort would find little.
    await pipeline(
      Readable.from(toLines()),
      createGzip({ level: 1 }),
      createWriteStream(partial, { mode: 0o600, flush: true }),
    );
    // Unlike a rename, a link never replaces what is there.
    await link(partial, file);
    await syncFolder(dirname(file));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST")
      throw new Error(`${file} exists already: expected a new file.`, { cause: error });
    throw error;
  } finally {
    await rm(partial, { force: true });
  }
}

/** The records of {@link writeArchive}, in order. @throws Error when the file is damaged */
export async function* readArchive(file: string): AsyncGenerator<unknown> {
  const source = createReadStream(file);
  const unpacked = createGunzip();
  source.on("error", (error) => unpacked.destroy(error)).pipe(unpacked);
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const chunk of unpacked) {
      const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > LINE_LENGTH_MAX) throw new Error(`${file} is not a file of "db export".`);
      for (const line of lines) yield JSON.parse(line);
    }
    if (rest !== "") throw new Error(`${file} breaks off.`);
  } finally {
    source.destroy();
    unpacked.destroy();
  }
}
