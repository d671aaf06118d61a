import type { ErrorCode } from "@comfy/contracts";
import { AppError, toAppError } from "../errors.ts";
import type { Asset } from "./asset.ts";
import type { AssetRecords } from "./asset-records.ts";
import { familyWords, isInFamily, type MediaFamily } from "./media-type.ts";
import type { RemoteFiles } from "./remote-file.ts";
import type { StoreFile } from "./store-file.ts";

export interface UrlToPin {
  readonly ownerId: string;
  readonly url: string;
  /** The field that named it, for sentences. */
  readonly field: string;
  readonly accepts: MediaFamily;
  /** What it shows may not leave this machine. */
  readonly isLocal?: boolean;
  readonly signal: AbortSignal;
}

/**
 * Fetches a caller's URL once and keeps what it showed, so that every attempt renders the same.
 * @throws AppError `media_unusable`, `image_too_large`, `payload_too_large`
 */
export type PinUrl = (file: UrlToPin) => Promise<Asset>;

export interface PinUrlDeps {
  readonly files: RemoteFiles;
  readonly storeFile: StoreFile;
  readonly records: Pick<AssetRecords, "insert">;
  readonly sizeBytesMax: number;
}

/** What the address, or what it showed, is at fault for. */
const theirs: ReadonlySet<ErrorCode> = new Set([
  "media_unusable",
  "image_too_large",
  "payload_too_large",
  "invalid_input",
]);

/** What an address calls its file. */
export const nameOf = (url: string): string => {
  const segment = URL.canParse(url) ? (new URL(url).pathname.split("/").at(-1) ?? "") : "";
  // `%2F` and broken escapes stay as they are: the name is made safe when the file is stored.
  return segment.replace(/%20/g, "_");
};

/** Puts the field that named an address in front of what the address is at fault for. */
export async function inField<T>(field: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message, cause } = toAppError(error);
    if (!theirs.has(code)) throw error;
    throw new AppError(code, message.startsWith(`${field}: `) ? message : `${field}: ${message}`, { cause });
  }
}

export function createPinUrl({ files, storeFile, records, sizeBytesMax }: PinUrlDeps): PinUrl {
  return async function pinUrl({ ownerId, url, field, accepts, isLocal = false, signal }) {
    const assertType = (type: string) => {
      if (isInFamily(type, accepts)) return;
      throw new AppError("media_unusable", `expected ${familyWords[accepts]}, but the address answered with ${type}.`);
    };
    return inField(field, async () => {
      const { body } = await files.open(url.trim(), { sizeBytesMax, signal });
      const file = { name: nameOf(url), body, source: "url", sizeBytesMax, assertType, isLocal, signal } as const;
      return records.insert(ownerId, await storeFile(file));
    });
  };
}
