/** Tells a file's type from its first bytes. Implemented by `adapters/sniff`. */
export interface TypeSniffer {
  /** How many bytes it looks at. */
  readonly headSizeBytes: number;
  /** The media type, in the spelling of `media-type.ts` where it stands there; undefined when the bytes fit nothing. */
  sniff(head: Uint8Array): Promise<string | undefined>;
}
