import { type Kysely, sql } from "kysely";
import type { BlobLedger } from "../../assets/blob-ledger.ts";
import { AppError } from "../../errors.ts";
import type { Tables } from "./tables.ts";
import { toText } from "./write-values.ts";

export function createBlobLedger(db: Kysely<Tables>): BlobLedger {
  return {
    async announce({ sha256, sizeBytes, location }) {
      const place = toText(location);
      // Readers stay with the old place until the bytes have arrived at the new one.
      const { rows } = await sql`
        insert into comfy.blobs as b (sha256, size_bytes, location) values (${sha256}, ${sizeBytes}::bigint, ${place})
        on conflict (sha256) do update set
          state = 'live', touched_at = clock_timestamp(),
          location = case when b.state = 'gone' then excluded.location else b.location end,
          other_locations = case
            when b.state = 'gone' then '{}'
            when b.location = excluded.location or excluded.location = any(b.other_locations) then b.other_locations
            else array_append(b.other_locations, excluded.location) end
        where b.state <> 'deleting'
        returning 1`.execute(db);
      if (rows.length === 0) {
        throw new AppError("unavailable", "The same file is being removed at this moment; try again in a minute.", {
          retryAfterSeconds: 60,
        });
      }
    },
    async findKept({ sha256 }) {
      const { rows } = await sql<{ location: string }>`
        update comfy.blobs b set touched_at = clock_timestamp()
        where sha256 = ${sha256} and state = 'live' and position(':' in location) > 0
          -- A blob that was announced and nothing more may not have arrived.
          and exists (select from comfy.assets a where a.sha256 = b.sha256 and a.expired_at is null)
        returning location`.execute(db);
      return rows[0]?.location;
    },
  };
}
