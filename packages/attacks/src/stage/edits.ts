import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Edit } from "../edit.ts";

/** Folder of the checkout. */
export const checkout = fileURLToPath(new URL("../../../..", import.meta.url));

/** What is wrong with an edit, as a sentence; undefined when its piece stands in the source exactly once. */
export async function findStale({ file, find }: Edit): Promise<string | undefined> {
  const source = await readFile(join(checkout, file), "utf8").catch(() => undefined);
  if (source === undefined) return `There is no file ${file}.`;
  const count = source.split(find).length - 1;
  return count === 1 ? undefined : `Expected once in ${file}, found ${count} times: ${find}`;
}

const host = new URL("./edits-host.ts", import.meta.url);

/** The arguments that give a process the edited source. */
export function toEditArguments(edits: readonly Edit[]): string[] {
  if (edits.length === 0) return [];
  const wanted = edits.map(({ file, find, replace }) => ({
    url: pathToFileURL(join(checkout, file)).href,
    find,
    replace,
  }));
  const url = new URL(host);
  url.searchParams.set("edits", Buffer.from(JSON.stringify(wanted)).toString("base64url"));
  return ["--import", url.href];
}
