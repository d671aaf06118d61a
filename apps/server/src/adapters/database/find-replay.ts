import { type Kysely, sql } from "kysely";
import type { Replay, ReplayRequest } from "../../jobs/job-store.ts";
import { isKnownBy, spendSignature } from "./accept-statement.ts";
import { findBatch } from "./batch-store.ts";
import { findJob } from "./read-jobs.ts";
import type { Tables } from "./tables.ts";

interface KnownRow {
  readonly job_id: string | null;
  readonly batch_id: string | null;
  readonly fingerprint: string;
  readonly is_fresh: boolean;
}

/** What a request made that came before under the same key. Its signature is spent as by an accept, but only where the key is known. */
export async function findReplay(db: Kysely<Tables>, request: ReplayRequest): Promise<Replay | undefined> {
  const { ownerId, idempotency } = request;
  const { rows } = await sql<KnownRow>`
    with known as (select job_id, batch_id, fingerprint from comfy.idempotency_keys where ${isKnownBy(request)}),
    signature as (${spendSignature(request, sql`where exists (select from known)`)})
    select known.*, exists (select from signature) as is_fresh from known`.execute(db);
  const [known] = rows;
  if (!known) return undefined;
  if (!known.is_fresh) return { type: "signature_replayed" };
  if (known.fingerprint !== idempotency.fingerprint) return { type: "idempotency_key_reused" };
  const job = known.job_id === null ? undefined : await findJob(db, known.job_id);
  if (job) return { type: "replayed", job };
  const batch = known.batch_id === null ? undefined : await findBatch(db, ownerId, known.batch_id);
  return batch && { type: "replayed", batch };
}
