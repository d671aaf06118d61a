/** Reads files from addresses that callers name. Implemented by `adapters/fetch` behind the guard against private addresses. */
export interface RemoteFiles {
  /**
   * Opens a file. Redirects are followed a few times, each hop guarded anew.
   * @throws AppError `media_unusable` with a sentence that names the reason but no address of ours, `payload_too_large`;
   *   reading `body` throws them too. An abort of `signal` passes its reason on.
   */
  open(
    url: string,
    options: { sizeBytesMax: number; signal: AbortSignal },
  ): Promise<{ readonly body: AsyncIterable<Uint8Array> }>;
  /** @throws AppError `invalid_input` when the address can be refused without a look: scheme, credentials, a private literal. */
  assertAllowed(url: string, field: string): void;
}
