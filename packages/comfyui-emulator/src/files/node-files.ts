import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, normalize } from "node:path";
import { type FilePlace, type FileReference, NodeError, type NodeFiles } from "../node.ts";
import { type Folders, type FolderType, joinInside, splitAnnotation } from "./folders.ts";

/** The files as node classes see them. Newer servers give each file that they name an id as well. */
export function createNodeFiles(folders: Folders, givesIds: boolean): NodeFiles {
  return {
    async read(annotatedName) {
      const { name, type } = splitAnnotation(annotatedName, "input");
      // ComfyUI itself does not check for `..` here; an emulator has no reason to read the rest of the machine.
      const path = joinInside(folders.path(type), name);
      if (path === undefined) throw new NodeError("FileNotFoundError", notFound(annotatedName));
      return readFile(path).catch(() => {
        throw new NodeError("FileNotFoundError", notFound(path));
      });
    },
    place: (prefix, type, size) => findPlace(folders, prefix, type, size),
    async write(place, filename, bytes) {
      await writeFile(join(place.folder, filename), bytes);
      const reference: FileReference = { filename, subfolder: place.subfolder, type: place.type };
      return givesIds ? { ...reference, id: crypto.randomUUID() } : reference;
    },
  };
}

function notFound(path: string): string {
  return `[Errno 2] No such file or directory: '${path}'`;
}

async function findPlace(
  folders: Folders,
  prefix: string,
  type: FolderType & ("output" | "temp"),
  size?: { width: number; height: number },
): Promise<FilePlace> {
  const path = normalize(fillWords(prefix, size));
  const subfolder = dirname(path) === "." ? "" : dirname(path);
  const filename = basename(path);
  const folder = joinInside(folders.path(type), subfolder);
  if (folder === undefined || path.startsWith("/")) {
    const message = `Saving image outside the output folder is not allowed.\n subfolder: ${subfolder}`;
    throw new NodeError("Exception", message);
  }
  await mkdir(folder, { recursive: true });
  const taken = await readdir(folder);
  return { type, subfolder, filename, counter: nextCounter(taken, filename), folder, taken };
}

/** One more than the highest `{filename}_{number}_…`; other files with the prefix count as zero. */
function nextCounter(names: readonly string[], filename: string): number {
  const start = `${filename}_`;
  const numbers = names
    .filter((name) => name.startsWith(start))
    .map((name) => Number(/^(\d+)(_|$)/.exec(name.slice(start.length))?.[1] ?? 0));
  return Math.max(0, ...numbers) + 1;
}

function fillWords(prefix: string, size?: { width: number; height: number }): string {
  if (!prefix.includes("%")) return prefix;
  const now = new Date();
  const two = (value: number): string => String(value).padStart(2, "0");
  const words: Record<string, string> = {
    year: String(now.getFullYear()),
    month: two(now.getMonth() + 1),
    day: two(now.getDate()),
    hour: two(now.getHours()),
    minute: two(now.getMinutes()),
    second: two(now.getSeconds()),
    ...(size === undefined ? {} : { width: String(size.width), height: String(size.height) }),
  };
  return prefix.replace(/%(\w+)%/g, (whole, word: string) => words[word] ?? whole);
}
