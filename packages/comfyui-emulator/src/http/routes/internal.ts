import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Folders, isFolderType } from "../../files/folders.ts";
import { json } from "../answer.ts";
import type { Route } from "../router.ts";

/** What the front-end asks its server about its own files. These have no twin under `/api`. */
export function internalRoutes(folders: Folders): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/internal/files/{type}",
      hasTwin: false,
      handle: async ({ params: { type = "" } }) =>
        isFolderType(type)
          ? json(await listNewestFirst(folders.path(type)))
          : json({ error: "Invalid directory type" }, 400),
    },
    {
      method: "GET",
      path: "/internal/folder_paths",
      hasTwin: false,
      handle: () =>
        json({ output: [folders.path("output")], input: [folders.path("input")], models: [folders.models] }),
    },
    { method: "GET", path: "/internal/logs", hasTwin: false, handle: () => json("") },
    {
      method: "GET",
      path: "/internal/logs/raw",
      hasTwin: false,
      handle: () => json({ entries: [], size: { cols: 80, rows: 24 } }),
    },
  ];
}

/** Files at the top level only. */
async function listNewestFirst(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
      .map(async ({ name }) => ({ name, modifiedMs: (await stat(join(folder, name))).mtimeMs })),
  );
  return files.sort((a, b) => b.modifiedMs - a.modifiedMs).map(({ name }) => name);
}
