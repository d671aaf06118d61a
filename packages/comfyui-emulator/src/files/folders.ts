import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve, sep } from "node:path";

export type FolderType = "output" | "input" | "temp";

const FOLDER_TYPES: readonly string[] = ["output", "input", "temp"];

/** The directories of one server. */
export interface Folders {
  readonly base: string;
  path(type: FolderType): string;
  readonly models: string;
  readonly user: string;
  /** Empties `temp/`, as every start and clean exit does. */
  wipeTemp(): void;
  /** Removes what was made for this run alone. */
  dispose(): void;
}

/** Opens a base directory; without one a temporary directory is made, and removed by `dispose`. */
export function openFolders(baseDirectory?: string): Folders {
  const base = baseDirectory === undefined ? mkdtempSync(join(tmpdir(), "comfyui-emulator-")) : resolve(baseDirectory);
  const path = (type: FolderType): string => join(base, type);
  for (const name of [...FOLDER_TYPES, "models", "user"]) mkdirSync(join(base, name), { recursive: true });
  return {
    base,
    path,
    models: join(base, "models"),
    user: join(base, "user"),
    wipeTemp: () => {
      for (const name of readdirSync(path("temp"))) rmSync(join(path("temp"), name), { recursive: true, force: true });
    },
    dispose: () => {
      if (baseDirectory === undefined) rmSync(base, { recursive: true, force: true });
    },
  };
}

export function isFolderType(value: string): value is FolderType {
  return FOLDER_TYPES.includes(value);
}

/** Joins a path below a folder; undefined when it would leave the folder. */
export function joinInside(folder: string, ...parts: readonly string[]): string | undefined {
  const target = resolve(folder, ...parts);
  const way = relative(folder, target);
  const isInside = way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && resolve(folder, way) === target);
  return isInside && !target.includes("\0") ? target : undefined;
}

/** Splits `a.png [output]` into the name and the folder that it names. */
export function splitAnnotation(name: string, fallback: FolderType): { name: string; type: FolderType } {
  const match = /^(.*) \[(output|input|temp)\]$/s.exec(name);
  const [, bare, type] = match ?? [];
  return bare !== undefined && type !== undefined && isFolderType(type)
    ? { name: bare, type }
    : { name, type: fallback };
}
