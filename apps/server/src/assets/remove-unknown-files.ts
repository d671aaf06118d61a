import type { LocalRemains } from "./local-remains.ts";
import type { StorageRecords } from "./storage-records.ts";

const PAGE = 1_000;

/** Removes files of this machine that the database knows nothing of. @returns how many */
export async function removeUnknownFiles(
  records: Pick<StorageRecords, "findUnknown">,
  local: LocalRemains,
  { ageMs, signal }: { readonly ageMs: number; readonly signal: AbortSignal },
): Promise<number> {
  let deleted = 0;
  let page: string[] = [];
  const look = async () => {
    for (const location of await records.findUnknown(page)) if (await local.deleteStale(location, ageMs)) deleted += 1;
    page = [];
  };
  for await (const location of local.listStale(ageMs)) {
    if (signal.aborted) return deleted;
    if (page.push(location) === PAGE) await look();
  }
  if (page.length > 0) await look();
  return deleted;
}
