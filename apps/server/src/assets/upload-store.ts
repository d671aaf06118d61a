/** Bytes of a part that have arrived. */
export interface ReceivedPart {
  /** 1 is the first. */
  readonly n: number;
  /** Lowercase hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Where the blob store keeps it. */
  readonly location: string;
}

/** A file on its way in, part by part. */
export interface Upload {
  readonly id: string;
  readonly ownerId: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** Of every part but the last. */
  readonly partSizeBytes: number;
  /** The media type that the content must turn out to have. */
  readonly type?: string;
  /** The digest that the whole must turn out to have, lowercase hex. */
  readonly sha256?: string;
  readonly isLocationStripped: boolean;
  /** All that was ever kept of its parts or is arriving, those included that others have replaced. */
  readonly sentBytes: number;
  /** What it became. */
  readonly assetId?: string;
  readonly isCompleted: boolean;
  readonly expiresAtMs: number;
  /** In order of their numbers. */
  readonly parts: readonly ReceivedPart[];
}

export type NewUpload = Omit<Upload, "assetId" | "isCompleted" | "parts" | "expiresAtMs" | "sentBytes">;

/** What an owner may have open at once. */
export interface OpenLimits {
  readonly countMax: number;
  /** Of all of them together. */
  readonly sizeBytesMax: number;
}

/** What comes first with an idempotency key. */
export interface UploadKey {
  readonly ownerId: string;
  /** Hex digest of the key. */
  readonly keyHash: string;
  /** Hex digest of what was asked for. */
  readonly fingerprint: string;
}

/** Uploads in parts, as the database knows them. Those that have expired are not found any more. */
export interface UploadStore {
  /**
   * What the key stands for: the same for a day, and never again after it. Undefined when it came before with something else.
   */
  claimKey(key: UploadKey): Promise<string | undefined>;
  /** `known`: this id is open already. Counted exactly, also when several are opened at once. */
  open(upload: NewUpload, ttlMs: number, limits: OpenLimits): Promise<"opened" | "known" | "too_many" | "too_large">;
  find(id: string): Promise<Upload | undefined>;
  /**
   * Counts bytes that are about to arrive. False when the upload is gone or completed, or when it were more than this many in all: exact,
   * however many come at once.
   */
  reserve(uploadId: string, sizeBytes: number, sentBytesMax: number): Promise<boolean>;
  /** What was reserved did not arrive. */
  release(uploadId: string, sizeBytes: number): Promise<void>;
  /** Replaces a part that was there; its bytes were reserved. False when the upload is gone or completed. */
  putPart(uploadId: string, part: ReceivedPart): Promise<boolean>;
  complete(id: string, assetId: string): Promise<void>;
  remove(id: string): Promise<void>;
}
