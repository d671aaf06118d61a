import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Orphans } from "../../generation/orphans.ts";
import { isId } from "../../ids.ts";
import { now } from "./job-rows.ts";
import type { Tables } from "./tables.ts";

interface OrphanRow {
  readonly backend_id: string;
  readonly prompt_id: string;
  readonly backend_epoch: string;
}

/** How long an abandoned prompt is looked for on its backend. */
const LIFE = sql`interval '1 day'`;

export function createOrphans(db: Kysely<Tables>): Orphans {
  return {
    async due(backendIds, limit) {
      if (backendIds.length === 0) return [];
      const { rows } = await sql<OrphanRow>`
        select backend_id, prompt_id, backend_epoch from comfy.orphan_prompts
        where backend_id = any(${backendIds}::text[]) and until > ${now}
        order by until limit ${limit}`.execute(db);
      return rows.map((row) => ({
        backendId: row.backend_id,
        promptId: row.prompt_id,
        backendEpoch: row.backend_epoch,
      }));
    },
    async settle(promptIds) {
      const possible = promptIds.filter(isId);
      if (possible.length === 0) return;
      await sql`delete from comfy.orphan_prompts where prompt_id = any(${possible}::uuid[])`.execute(db);
    },
  };
}

/** Remembers attempts that were left behind; `rows` has their id, backend_id and backend_epoch. Part of the statement that leaves them. */
export function keepOrphans(rows: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    insert into comfy.orphan_prompts (backend_id, prompt_id, backend_epoch, until)
    select backend_id, id, backend_epoch, clock_timestamp() + ${LIFE} from ${rows}
    on conflict do nothing`;
}
