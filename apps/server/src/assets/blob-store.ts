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
  delete(location: string): Promise<void>;
}
