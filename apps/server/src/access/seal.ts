/**
 * Seals secrets that have to be read again, so that whoever holds a copy of the database holds none of them.
 *
 * The purpose names the very row (`api_key:<id>`, `link_key:<id>`, `webhook:<id>`) and is sealed along: bytes that were moved to another row
 * do not open there.
 *
 * @example const stored = sealer.seal(`webhook:${id}`, secret); // later: sealer.open(`webhook:${id}`, stored)
 */
export interface Sealer {
  seal(purpose: string, plain: Uint8Array): Uint8Array;
  /** @throws Error when the master key is not there, the purpose is another, or a byte was changed */
  open(purpose: string, sealed: Uint8Array): Uint8Array;
  /** Whether the master key that seals now sealed these bytes; if not, they are to be sealed anew. */
  isCurrent(sealed: Uint8Array): boolean;
}
