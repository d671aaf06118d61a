/** A file that belongs to an owner. */
export interface Asset {
  readonly id: string;
  readonly ownerId: string;
  /** The job that made it, for outputs. */
  readonly jobId?: string;
  readonly name: string;
  /** Media type, read from the content. */
  readonly type: string;
  readonly sizeBytes: number;
  /** Lowercase hex. */
  readonly sha256: string;
  readonly createdAtMs: number;
}

/** Bytes that were stored and are about to become an asset. */
export interface NewAsset {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly blob: StoredBlob;
  readonly source: "output" | "upload" | "url" | "builtin";
  /** For outputs: the node that made it and its place among that node's files. */
  readonly node?: string;
  readonly index?: number;
}

export interface StoredBlob {
  /** Lowercase hex of the bytes. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Where the store keeps it; opaque outside the store. */
  readonly location: string;
  /** The name of a store outside: where somebody keeps equal bytes there, they go on being read there. */
  readonly yieldsTo?: string;
}
