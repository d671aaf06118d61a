import type { Readable } from "node:stream";
import type { ByteRange } from "./blob-store.ts";
import type { Disposition } from "./link-signer.ts";
import type { SpooledFile } from "./spool.ts";

/** A link that the store itself signs. */
export interface DirectLink {
  readonly name: string;
  readonly type: string;
  readonly disposition: Disposition;
  readonly ttlSeconds: number;
}

/** The store answered, and cannot be used as it is set up: a sentence for the operator that names the variable. */
export class StoreRefusal extends Error {
  constructor(sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.name = "StoreRefusal";
  }
}

/**
 * A bucket somewhere else, in the store's own words. Keys are ours: letters, digits and slashes.
 *
 * What goes wrong is an AppError: `output_unavailable` when an object to read is not there, `payload_too_large` when the store takes no file of
 * that size, `unavailable` for all that may be well the next time. Signals pass with their reason.
 */
export interface ObjectStore {
  /** Stands in front of its locations: `s3:…`. */
  readonly name: string;
  /**
   * Makes the bucket unless it is there, and makes sure that nobody reads it without a key.
   * @throws StoreRefusal with a sentence for the operator; AppError `unavailable` when the store could not be asked
   */
  prepare(signal: AbortSignal): Promise<void>;
  /** Uploads a file unless an object of its key and size is there. */
  upload(
    key: string,
    file: SpooledFile,
    options: { readonly type?: string; readonly signal: AbortSignal },
  ): Promise<void>;
  open(key: string, options: { readonly range?: ByteRange; readonly signal: AbortSignal }): Promise<Readable>;
  /** Deleting what is not there is fine. */
  delete(key: string, signal: AbortSignal): Promise<void>;
  sign(key: string, link: DirectLink, signal: AbortSignal): Promise<string>;
  /** Drops uploads in parts, of keys that begin like this, that were begun so long ago. @returns how many */
  dropHalves(prefix: string, olderThanMs: number, signal: AbortSignal): Promise<number>;
  close(): void;
}
