import type { Asset, NewAsset } from "./asset.ts";

/** A file as lists show it. */
export interface ShelvedAsset extends Asset {
  readonly source: NewAsset["source"];
}

export interface AssetFilter {
  readonly ownerId: string;
  readonly source?: NewAsset["source"];
  /** A media type, or the part of it before the slash. */
  readonly type?: string;
  readonly jobId?: string;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
  readonly limit: number;
}

export interface AssetPage {
  readonly assets: readonly ShelvedAsset[];
  readonly nextCursor?: string;
}

/** The files of an owner. Those of others are not there. */
export interface AssetShelf {
  /** Newest first; a page never shows a file twice. @throws AppError `invalid_input` for a cursor that is none */
  list(filter: AssetFilter): Promise<AssetPage>;
  find(ownerId: string, id: string): Promise<ShelvedAsset | undefined>;
  /** `in_use`: a job that has not ended needs it. The bytes stay until nothing else refers to them. */
  remove(ownerId: string, id: string): Promise<"removed" | "in_use" | "unknown">;
}
