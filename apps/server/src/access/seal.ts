/**
 * Seals secrets that have to be read again, so that whoever holds a copy of the database holds none of them.
 *
 * The purpose names the very row (`api_key:<id>`, `link_key:<id>`, `webhook:<id>`) and is sealed along: bytes that were moved to another row
 * do not open there.
 *
 * @example const stored = sealer.seal(`webhook:${id}`, secret); // later: sealer.open(`webhook:${id}`, stored)
 */
export interface Sealer {
  /** False where there is no master key to seal with: what was sealed elsewhere may open, and nothing new can be sealed. */
  readonly canSeal: boolean;
  /** @throws AppError `master_key_missing` where nothing can be sealed */
  seal(purpose: string, plain: Uint8Array): Uint8Array;
  /** @throws AppError `master_key_missing` when the master key is not there; Error when the purpose is another, or a byte was changed */
  open(purpose: string, sealed: Uint8Array): Uint8Array;
  /** Whether the master key that seals now sealed these bytes; if not, they are to be sealed anew. */
  isCurrent(sealed: Uint8Array): boolean;
}
