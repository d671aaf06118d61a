/** What lies on this machine without anybody knowing: a crash came between the bytes and the row that names them. */
export interface LocalRemains {
  /** Locations of blobs that were stored longer ago than this. */
  listStale(ageMs: number): AsyncIterable<string>;
  /** Deletes a blob unless it was stored again within `ageMs`. @returns whether it is gone */
  deleteStale(location: string, ageMs: number): Promise<boolean>;
}
