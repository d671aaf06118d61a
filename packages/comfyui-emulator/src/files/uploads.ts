import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { type Folders, type FolderType, joinInside } from "./folders.ts";

export interface Upload {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: FolderType;
  readonly overwrites: boolean;
  readonly bytes: Uint8Array;
}

/** Where an upload went; undefined when its name or subfolder would leave the folder. */
export type StoredUpload = { readonly name: string; readonly path: string } | undefined;

/** Makes the final bytes, told where the upload lies (masks are merged into a picture). */
export type Transform = (bytes: Uint8Array) => Promise<Uint8Array | undefined>;

/**
 * Stores an upload by ComfyUI's rules: the same content under the same name is kept once, other content gets a number.
 * @throws when the filename names a directory that does not exist.
 */
export async function storeUpload(folders: Folders, upload: Upload, transform?: Transform): Promise<StoredUpload> {
  const folder = joinInside(folders.path(upload.type), upload.subfolder);
  if (folder === undefined) return undefined;
  const wanted = joinInside(folder, upload.filename);
  if (wanted === undefined || wanted === folder) return undefined;
  await mkdir(folder, { recursive: true });
  const hash = hashOf(upload.bytes);
  const ending = extname(upload.filename);
  const stem = upload.filename.slice(0, upload.filename.length - ending.length);
  for (let copy = 0; ; copy++) {
    const name = copy === 0 ? upload.filename : `${stem} (${copy})${ending}`;
    const path = join(folder, name);
    const present = upload.overwrites ? undefined : await readFile(path).catch(() => undefined);
    if (present !== undefined && hashOf(present) !== hash) continue;
    const bytes = transform === undefined ? upload.bytes : await transform(upload.bytes);
    if (present === undefined && bytes !== undefined) await writeFile(path, bytes);
    return { name, path: join(dirname(path), name) };
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
