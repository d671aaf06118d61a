import { createId } from "../ids.ts";
import type { NewAsset } from "./asset.ts";
import type { BlobStore } from "./blob-store.ts";
import type { CheckPicture } from "./check-picture.ts";
import { toFileName } from "./file-name.ts";
import { unknownType } from "./media-type.ts";
import type { TypeSniffer } from "./type-sniffer.ts";
import { untilAborted } from "./until-aborted.ts";

export interface FileToStore {
  /** As its maker calls it; made safe here. */
  readonly name: string;
  readonly body: AsyncIterable<Uint8Array>;
  /** The memory of an output's chunks is handed over to the store. */
  readonly source: NewAsset["source"];
  readonly sizeBytesMax: number;
  readonly signal: AbortSignal;
  /** Throws when the content is not what was asked for; called before a byte is stored. */
  readonly assertType?: (type: string) => void;
  readonly node?: string;
  readonly index?: number;
  /** The bytes may not leave this machine. */
  readonly isLocal?: boolean;
  /** A store that fails is asked again until this aborts. Absent: it is asked once. */
  readonly patience?: AbortSignal;
}

/**
 * Stores a stream in constant memory; its type is read from its content. The asset is yours to insert.
 * @throws AppError `payload_too_large`; what `assertType` throws; for pictures from outside `image_too_large` and `media_unusable`; what
 *   the stream throws
 */
export type StoreFile = (file: FileToStore) => Promise<NewAsset>;

/** The first bytes of a stream, and the whole stream again. */
async function readHead(iterator: AsyncIterator<Uint8Array>, sizeBytes: number): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  let gathered = 0;
  while (gathered < sizeBytes) {
    const next = await iterator.next();
    if (next.done) break;
    chunks.push(next.value);
    gathered += next.value.length;
  }
  return chunks;
}

/** The first bytes in one piece; what came as one piece is not copied. */
function toHead(chunks: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const [first] = chunks;
  if (first && first.length >= sizeBytes) return first.subarray(0, sizeBytes);
  return Buffer.concat(chunks).subarray(0, sizeBytes);
}

/** Empties the head: a store that waits for an hour must not keep in memory what it has on its disk. */
async function* joinStream(head: Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (let chunk = head.shift(); chunk; chunk = head.shift()) yield chunk;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

export interface StoreFileDeps {
  readonly blobs: BlobStore;
  readonly sniffer: TypeSniffer;
  readonly checkPicture: CheckPicture;
}

/** What strangers send; our own graphs make no bombs. */
const isForeign = (source: NewAsset["source"]): boolean => source === "upload" || source === "url";

export function createStoreFile({ blobs, sniffer, checkPicture }: StoreFileDeps): StoreFile {
  return async function storeFile({ name, body, source, sizeBytesMax, signal, assertType, node, index, ...how }) {
    const iterator = untilAborted(body, signal);
    try {
      const head = await readHead(iterator, sniffer.headSizeBytes);
      const type = (await sniffer.sniff(toHead(head, sniffer.headSizeBytes))) ?? unknownType;
      assertType?.(type);
      const whole = joinStream(head, iterator);
      const checked = isForeign(source) ? checkPicture(type, whole) : whole;
      const isHandedOver = source === "output";
      const blob = await blobs.put(checked, { sizeBytesMax, signal, type, isHandedOver, ...how });
      return {
        id: createId(),
        name: toFileName(name, type),
        type,
        blob,
        source,
        ...(node !== undefined && { node }),
        ...(index !== undefined && { index }),
      };
    } finally {
      // Closes the source of a file that was refused half-way.
      await iterator.return();
    }
  };
}
