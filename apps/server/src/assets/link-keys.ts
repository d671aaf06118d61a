export interface LinkKey {
  /** Stands in every link it signed; 1 to 32 characters of `A-Z a-z 0-9 _ -`. */
  readonly id: string;
  /** At least 32 random bytes. */
  readonly secret: Uint8Array;
}

/** The keys that sign links, shared by all processes and kept over restarts. Asked at every link, so they remember what they read. */
export interface LinkKeys {
  /** The key that signs now; made at the first call. */
  current(): Promise<LinkKey>;
  /** A key that signed earlier, as long as a link of it may be alive. */
  find(id: string): Promise<LinkKey | undefined>;
}
