import type { Readable } from "node:stream";
import type { StoredBlob } from "./asset.ts";

/** Bytes from `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface PutOptions {
  readonly sizeBytesMax: number;
  /** Aborting ends it at once; nothing is kept. */
  readonly signal: AbortSignal;
  /** Media type, for stores that answer readers themselves. */
  readonly type?: string;
  /** The bytes may not leave this machine. */
  readonly isLocal?: boolean;
  /** A store that fails is asked again until this aborts; then its error is thrown. Absent: it is asked once. */
  readonly patience?: AbortSignal;
  /** The memory of the chunks is the store's from now on: it may keep it, and free it. */
  readonly isHandedOver?: boolean;
}

/** Memory of the store. */
export interface BorrowedBytes {
  /** Not to be changed, nor looked at after `giveBack`. */
  readonly bytes: Uint8Array;
  giveBack(): void;
}

/** Where bytes live. Content-addressed: equal bytes are kept once. */
export interface BlobStore {
  /**
   * Stores a stream, hashed on the way, in constant memory.
   * @throws AppError `payload_too_large` past `sizeBytesMax`; nothing is kept then, nor when the stream fails or `signal` aborts.
   * `unavailable` when the store does not take it.
   */
  put(body: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredBlob>;
  /** @throws AppError `output_unavailable` when the bytes are gone, `unavailable` when the store does not answer. */
  open(location: string, options: { range?: ByteRange; signal: AbortSignal }): Promise<Readable>;
  /** The whole blob, when it is in memory anyway. */
  borrow?(location: string): BorrowedBytes | undefined;
  delete(location: string): Promise<void>;
}
