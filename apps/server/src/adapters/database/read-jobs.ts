import { type Kysely, sql } from "kysely";
import { isId } from "../../ids.ts";
import type { Job } from "../../jobs/job.ts";
import { type JobRow, jobColumns, now, toJob } from "./job-rows.ts";
import type { Tables } from "./tables.ts";

export async function findJob(db: Kysely<Tables>, id: string): Promise<Job | undefined> {
  const [job] = await findJobs(db, [id]);
  return job;
}

/** The jobs with these ids, in no order; unknown ids are left out. */
export async function findJobs(db: Kysely<Tables>, ids: readonly string[]): Promise<Job[]> {
  const possible = ids.filter(isId);
  if (possible.length === 0) return [];
  const { rows } = await sql<JobRow>`
    select ${jobColumns} from comfy.jobs j where j.id = any(${possible}::uuid[])`.execute(db);
  return rows.map(toJob);
}

/** Past their deadline, and nobody works on them: not claimed, or held by a process that vanished. */
export async function findOverdueJobs(db: Kysely<Tables>, limit: number): Promise<Job[]> {
  const { rows } = await sql<JobRow>`
    select ${jobColumns} from comfy.jobs j
    where j.completed_at is null and j.deadline_at < ${now}
      and (j.lease_holder is null or j.lease_expires_at < ${now})
    order by j.deadline_at limit ${limit}`.execute(db);
  return rows.map(toJob);
}

/** Marks a job as unwanted; whoever holds it acts. False when it has ended. */
export async function requestCancel(db: Kysely<Tables>, jobId: string): Promise<boolean> {
  const { rows } = await sql`
    update comfy.jobs set cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
    where id = ${jobId}::uuid and completed_at is null returning 1`.execute(db);
  return rows.length > 0;
}

export async function isCancelRequested(db: Kysely<Tables>, jobId: string): Promise<boolean> {
  const { rows } = await sql`
    select 1 from comfy.jobs where id = ${jobId}::uuid and cancel_requested_at is not null`.execute(db);
  return rows.length > 0;
}
