import type { Migration } from "./migrate.ts";

/**
 * What owners used, and for how long it is remembered job by job. An owner is charged for the attempt that a job ended with; the attempts
 * before it are ours to bear, and so is everything that was given back.
 */
export const usageMigration: Migration = {
  id: "0009-usage",
  sql: `
alter table comfy.usage
  -- Attempts that came to nothing.
  add column wasted_ms bigint not null default 0,
  add column bytes_in bigint not null default 0,
  add column bytes_out bigint not null default 0;

-- Since when the backend worked on it, and when it was done: neither the queue there nor a store that is down costs anybody GPU seconds.
alter table comfy.attempts
  add column running_at timestamptz,
  add column rendered_at timestamptz;

-- worked_ms ran from the first attempt on until now.
with spent as (
  select u.job_id,
    coalesce(sum(extract(epoch from u.ended_at - t.created_at) * 1000) filter (where t.state = 'done' and not u.is_refunded), 0) as worked_ms,
    coalesce(sum(extract(epoch from coalesce(t.ended_at, u.ended_at) - t.created_at) * 1000)
      filter (where t.state <> 'done' or u.is_refunded), 0) as wasted_ms
  from comfy.usage u left join comfy.attempts t using (job_id) group by u.job_id
),
brought as (
  select i.job_id, sum(b.size_bytes) as size_bytes
  from comfy.job_inputs i join comfy.assets a on a.id = i.asset_id join comfy.blobs b using (sha256) group by i.job_id
),
made as (
  select a.job_id, sum(b.size_bytes) as size_bytes
  from comfy.assets a join comfy.blobs b using (sha256) where a.job_id is not null group by a.job_id
)
update comfy.usage u set
  worked_ms = spent.worked_ms, wasted_ms = spent.wasted_ms,
  bytes_in = coalesce(brought.size_bytes, 0), bytes_out = coalesce(made.size_bytes, 0)
from spent left join brought using (job_id) left join made using (job_id)
where spent.job_id = u.job_id;

-- For a look over all owners: rows come in the order of time, so ranges of pages are enough.
create index usage_by_time on comfy.usage using brin (ended_at);

-- What is left of usage when the job's rows are removed, and requests, which have no row of their own.
create table comfy.usage_days (
  day date not null,
  owner_id text not null,
  key_id text not null,
  -- Empty: requests.
  kind text not null,
  requests bigint not null default 0,
  generations bigint not null default 0,
  worked_ms bigint not null default 0,
  wasted_ms bigint not null default 0,
  bytes_in bigint not null default 0,
  bytes_out bigint not null default 0,
  primary key (owner_id, day, key_id, kind)
);
create index usage_days_by_day on comfy.usage_days (day);

-- How many times each process has handed over the requests it counted: a hand-over that is repeated, because its answer was lost, counts once.
create table comfy.request_counters (
  holder text primary key,
  n bigint not null,
  counted_at timestamptz not null default clock_timestamp()
);

-- A retry outlives the job it repeats, and a file the job that made it: each is kept for its own time.
alter table comfy.jobs drop constraint jobs_retry_of_fkey;
alter table comfy.assets drop constraint assets_job_id_fkey;
`,
};
