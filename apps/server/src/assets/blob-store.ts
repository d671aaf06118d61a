import type { Readable } from "node:stream";
import type { StoredBlob } from "./asset.ts";

/** Bytes from `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Where bytes live. Content-addressed: equal bytes are kept once. */
export interface BlobStore {
  /**
   * Stores a stream, hashed on the way, in constant memory.
   * @throws AppError `payload_too_large` past `sizeBytesMax`; nothing is kept then, nor when the stream fails or `signal` aborts.
   */
  put(body: AsyncIterable<Uint8Array>, options: { sizeBytesMax: number; signal: AbortSignal }): Promise<StoredBlob>;
  /** @throws AppError `output_unavailable` when the bytes are gone. */
  open(location: string, options: { range?: ByteRange; signal: AbortSignal }): Promise<Readable>;
  delete(location: string): Promise<void>;
}
