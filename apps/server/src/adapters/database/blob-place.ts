import { type RawBuilder, sql } from "kysely";
import type { StoredBlob } from "../../assets/asset.ts";
import { toText } from "./write-values.ts";

/**
 * Where equal bytes are read from when they were stored once more, for `on conflict` over `comfy.blobs as b`: at the new place, which heals
 * what was lost, unless that is one machine's disk and the old one a store that all of them reach. The other place is remembered.
 */
export function toPlace({ yieldsTo }: Pick<StoredBlob, "yieldsTo">): RawBuilder<unknown> {
  if (yieldsTo === undefined) return sql`location = excluded.location`;
  const stays = sql`(b.state = 'live' and starts_with(b.location, ${toText(`${yieldsTo}:`)})
    -- What was announced and nothing more may not have arrived.
    and exists (select from comfy.assets a where a.sha256 = b.sha256 and a.expired_at is null))`;
  return sql`
    location = case when ${stays} then b.location else excluded.location end,
    other_locations = case
      when ${stays} and b.location <> excluded.location
        then array_append(array_remove(b.other_locations, excluded.location), excluded.location)
      else b.other_locations end`;
}
