/** A whole file on this machine, on its way to a store outside. */
export interface SpooledFile extends AsyncDisposable {
  readonly path: string;
  /** Lowercase hex of the bytes. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/**
 * Holds files on this machine until a store outside has taken them: their hash, which names them there, is known after the last byte, and
 * an upload that failed is repeated without asking the maker of the file again.
 */
export interface Spool {
  /** @throws AppError `payload_too_large`, `unavailable`; what the stream throws. Nothing is kept then. */
  write(
    body: AsyncIterable<Uint8Array>,
    options: { readonly sizeBytesMax: number; readonly signal: AbortSignal },
  ): Promise<SpooledFile>;
  /** Removes what a crash left. @returns how many files */
  dropHalves(olderThanMs: number): Promise<number>;
}
