/** Bytes that nobody refers to, claimed for removal. */
export interface LooseBlob {
  readonly sha256: string;
  /** Everywhere they lie, or may lie. */
  readonly locations: readonly string[];
}

export interface LoosePage {
  readonly blobs: readonly LooseBlob[];
  /** Where the next page begins; absent after the last one. */
  readonly cursor?: string;
}

/** What the database knows of files that may go. Safe with many processes at once. */
export interface StorageRecords {
  /** Expires assets older than this, unless a job that goes on needs them. @returns how many, at most `count` */
  expireAssets(options: { readonly ageMs: number; readonly count: number }): Promise<number>;
  /**
   * Looks at the next `count` blobs and claims those, `claimMax` at most, that nothing has referred to, or touched, for this long. Without a cursor it goes on
   * from where it was last time: what nobody touched since is looked at once a day only.
   */
  claimLoose(options: {
    readonly ageMs: number;
    readonly count: number;
    readonly claimMax: number;
    readonly cursor?: string;
  }): Promise<LoosePage>;
  /** Gives back what was claimed by this age and was not looked at: it is as loose as before. */
  unclaim(hashes: readonly string[], ageMs: number): Promise<void>;
  /** Claims again what a sweeper that vanished had claimed this long ago. */
  reclaim(options: { readonly ageMs: number; readonly count: number }): Promise<readonly LooseBlob[]>;
  /** The bytes are gone everywhere. */
  settle(sha256: string): Promise<void>;
  /** They were stored again in the meantime. */
  release(sha256: string): Promise<void>;
  /** Those of the locations that no blob is at. */
  findUnknown(locations: readonly string[]): Promise<readonly string[]>;
  /** One process at a time does a chore. @returns whether it is this one's turn, for as long as that */
  takeTurn(chore: string, holder: string, leaseMs: number): Promise<boolean>;
}
