import type { JobState } from "@comfy/contracts";
import { type Kysely, sql } from "kysely";
import { isId } from "../../ids.ts";
import type { Batch, BatchStore } from "../../jobs/batch-store.ts";
import { shownState } from "./job-rows.ts";
import type { Tables } from "./tables.ts";
import { withPatience } from "./with-patience.ts";
import { toText } from "./write-values.ts";

interface BatchRow {
  readonly id: string;
  readonly owner_id: string;
  readonly created_at: Date;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly job_count: number;
  readonly counts: Readonly<Partial<Record<JobState, number>>> | null;
}

export function createBatchStore(db: Kysely<Tables>): BatchStore {
  return {
    find: (ownerId, id) => withPatience(() => findBatch(db, ownerId, id)),
    async requestCancel(ownerId, batchId) {
      if (!isId(batchId)) return [];
      const { rows } = await sql<{ id: string }>`
        update comfy.jobs j set cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
        from (
          select id from comfy.jobs
          where batch_id = ${batchId}::uuid and owner_id = ${toText(ownerId)} and completed_at is null
          -- In one order, so that two who cancel do not wait for each other.
          order by seq for no key update
        ) t
        where j.id = t.id and j.completed_at is null
        returning j.id`.execute(db);
      return rows.map(({ id }) => id);
    },
  };
}

export async function findBatch(db: Kysely<Tables>, ownerId: string, id: string): Promise<Batch | undefined> {
  if (!isId(id)) return undefined;
  const { rows } = await sql<BatchRow>`
    select b.id, b.owner_id, b.created_at, b.metadata, b.job_count, (
      select json_object_agg(c.state, c.count) from (
        select ${shownState} as state, count(*) as count from comfy.jobs j where j.batch_id = b.id group by 1
      ) c
    ) as counts
    from comfy.batches b where b.id = ${id}::uuid and b.owner_id = ${toText(ownerId)}`.execute(db);
  return rows[0] && toBatch(rows[0]);
}

function toBatch(row: BatchRow): Batch {
  return {
    id: row.id,
    ownerId: row.owner_id,
    createdAtMs: row.created_at.getTime(),
    ...(row.metadata && { metadata: row.metadata }),
    jobCount: row.job_count,
    counts: toCounts(row.counts ?? {}),
  };
}

function toCounts(counts: Readonly<Partial<Record<JobState, number>>>): Record<JobState, number> {
  const count = (state: JobState) => counts[state] ?? 0;
  return {
    pending: count("pending"),
    running: count("running"),
    collecting: count("collecting"),
    cancelling: count("cancelling"),
    complete: count("complete"),
    failed: count("failed"),
    expired: count("expired"),
    cancelled: count("cancelled"),
  };
}
