import { type Kysely, sql } from "kysely";
import type { Database } from "../../src/adapters/database/create-database.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import type { NewAsset } from "../../src/assets/asset.ts";
import { createId } from "../../src/ids.ts";
import type { Acceptance, ClaimedJob, JobStore } from "../../src/jobs/job-store.ts";

/** Gives the database under test, the same one all along. */
export type GetDatabase = () => Database;

export const MINUTE_MS = 60_000;

export function createAcceptance(changes: Partial<Acceptance> = {}): Acceptance {
  return {
    id: createId(),
    ownerId: "env:owner",
    keyId: "key",
    kind: "portrait",
    plan: { kind: "portrait", workflow: "portrait", version: 1, seed: 7, variants: [], media: [] },
    isUploadedToCloud: true,
    requestId: "request",
    createdAtMs: 1_000,
    deadlineAtMs: 1_000 + 60 * MINUTE_MS,
    concurrentJobs: null,
    generationsPerDay: null,
    inputs: {},
    ...changes,
  };
}

/** Accepts a job that must be accepted, and gives its id. */
export async function acceptOne(jobs: JobStore, changes: Partial<Acceptance> = {}): Promise<string> {
  const outcome = await jobs.accept(createAcceptance(changes));
  if (outcome.type !== "accepted") throw new Error(`Not accepted: ${outcome.type}.`);
  return outcome.job.id;
}

export function claim(jobs: JobStore, count = 1, leaseMs = MINUTE_MS): Promise<readonly ClaimedJob[]> {
  return jobs.claim({ holder: "worker", count, leaseMs });
}

/** Claims the one job that must be claimable. */
export async function claimOne(jobs: JobStore, leaseMs = MINUTE_MS): Promise<ClaimedJob> {
  const [claimed] = await claim(jobs, 1, leaseMs);
  if (!claimed) throw new Error("Nothing could be claimed.");
  return claimed;
}

export async function acceptAndClaim(jobs: JobStore, changes: Partial<Acceptance> = {}): Promise<ClaimedJob> {
  await acceptOne(jobs, changes);
  return claimOne(jobs);
}

/** A claimed job whose lease ran out at once: its holder is gone. */
export async function acceptAndLose(database: Database, changes: Partial<Acceptance> = {}): Promise<ClaimedJob> {
  const jobs = createJobStore(database.db);
  const claimed = await acceptAndClaim(jobs, changes);
  await sql`update comfy.jobs set lease_expires_at = clock_timestamp() - interval '1 second'
    where id = ${claimed.job.id}::uuid`.execute(database.db);
  return claimed;
}

export function createAttempt(id: string = createId()) {
  return {
    id,
    backendId: "comfyui-a",
    backendEpoch: "boot-1",
    graph: { 3: { class_type: "KSampler", inputs: { seed: 18_446_744_073_709_551_615n } } },
    summary: { model: "flux-schnell" },
    outputNodes: ["9"],
  };
}

export function createOutput(changes: Partial<NewAsset> = {}): NewAsset {
  const id = createId();
  const sha256 = id.replaceAll("-", "").repeat(2);
  const blob = { sha256, sizeBytes: 12, location: `${sha256.slice(0, 2)}/${sha256}` };
  return { id, name: "portrait.png", type: "image/png", source: "output", node: "9", index: 0, blob, ...changes };
}

export const cancelled = { state: "cancelled", failure: { code: "cancelled", message: "Cancelled." } } as const;
export const failed = { state: "failed", failure: { code: "generation_failed", message: "A node raised." } } as const;
export const expired = { state: "expired", failure: { code: "deadline_exceeded", message: "Too late." } } as const;
export const complete = (...outputs: NewAsset[]) =>
  ({ state: "complete", summary: { model: "flux-schnell", prompt: "a viking" }, outputs }) as const;

const filledTables = [
  [
    "stream_tickets",
    "api_keys",
    "refresh_tokens",
    "sessions",
    "session_keys",
    "users",
    "delivery_tries",
    "outbox",
    "webhook_endpoints",
    "usage",
    "usage_days",
    "request_counters",
    "job_inputs",
    "attempts",
    "upload_parts",
    "uploads",
    "upload_keys",
    "assets",
    "blobs",
    "jobs",
    "batches",
    "orphan_prompts",
    "backend_leases",
    "holders",
  ],
  ["owner_queue", "generations_per_day", "idempotency_keys", "used_signatures", "link_keys", "settings", "turns"],
].flat();

/** Removes every row, so that the next test starts alone. Deleting a few rows is many times faster than `truncate`. */
export async function clear({ db }: Database): Promise<void> {
  await sql.raw(filledTables.map((table) => `delete from comfy.${table}`).join("; ")).execute(db);
}

/** One number that a statement selects. */
export async function readCount<DB>(db: Kysely<DB>, table: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::integer as n from ${sql.table(table)}`.execute(db);
  return rows[0]?.n ?? 0;
}
