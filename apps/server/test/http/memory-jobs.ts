import { isTerminal, type JobState, jobStates } from "@comfy/contracts";
import type { Asset } from "../../src/assets/asset.ts";
import type { Clock } from "../../src/clock.ts";
import type { Batch, BatchStore } from "../../src/jobs/batch-store.ts";
import type { Idempotency, Job } from "../../src/jobs/job.ts";
import type { Acceptance, Ending, JobFilter, JobStore } from "../../src/jobs/job-store.ts";

/** The part of the store that the verbs behind the front door use. */
export type DoorJobStore = Pick<
  JobStore,
  "accept" | "acceptBatch" | "findReplay" | "find" | "findMany" | "list" | "requestCancel" | "finish"
>;

function toJob(acceptance: Acceptance): Job {
  const { plan, idempotency, id, ownerId, keyId, kind, requestId, isUploadedToCloud } = acceptance;
  const { callbackUrl, priority, metadata, retryOf, batchId } = acceptance;
  return {
    ...{ id, ownerId, keyId, kind, plan, requestId, isUploadedToCloud },
    createdAtMs: acceptance.createdAtMs,
    deadlineAtMs: acceptance.deadlineAtMs,
    state: "pending",
    seed: plan.seed,
    isAbandonable: idempotency === undefined,
    isCancelRequested: false,
    outputs: [],
    ...(callbackUrl !== undefined && { callbackUrl }),
    ...(priority !== undefined && { priority }),
    ...(metadata !== undefined && { metadata }),
    ...(retryOf !== undefined && { retryOf }),
    ...(batchId !== undefined && { batchId }),
  };
}

function toEnded(job: Job, ending: Ending, nowMs: number): Job {
  const ended = { ...job, state: ending.state, completedAtMs: nowMs };
  if (ending.state !== "complete") return { ...ended, failure: ending.failure };
  const outputs = ending.outputs.map(({ id, name, type, blob: { sha256, sizeBytes } }): Asset => {
    return { id, name, type, sha256, sizeBytes, ownerId: job.ownerId, jobId: job.id, createdAtMs: nowMs };
  });
  return { ...ended, summary: ending.summary, outputs };
}

const matches = (job: Job, filter: JobFilter): boolean =>
  job.ownerId === filter.ownerId &&
  (filter.states?.includes(job.state) ?? true) &&
  (filter.kind ?? job.kind) === job.kind &&
  (filter.keyId ?? job.keyId) === job.keyId &&
  (filter.batchId ?? job.batchId) === job.batchId &&
  job.createdAtMs > (filter.createdAfterMs ?? -1) &&
  job.createdAtMs < (filter.createdBeforeMs ?? Number.POSITIVE_INFINITY) &&
  Object.entries(filter.metadata ?? {}).every(([name, value]) => job.metadata?.[name] === value);

/** What one statement claims and counts in the database. */
function createClaims(clock: Clock) {
  const keys = new Map<string, { readonly fingerprint: string; readonly id: string }>();
  const signatures = new Set<string>();
  const made = new Map<string, number>();
  interface Claim extends Pick<Acceptance, "ownerId" | "signature" | "generationsPerDay"> {
    readonly id: string;
    readonly idempotency?: Idempotency | undefined;
    readonly count: number;
  }
  return ({ ownerId, signature, generationsPerDay, id, idempotency, count }: Claim) => {
    if (signature && signatures.has(signature.hash)) return { type: "signature_replayed" as const };
    if (signature) signatures.add(signature.hash);
    const scope = JSON.stringify([ownerId, idempotency?.surface, idempotency?.key]);
    const known = idempotency && keys.get(scope);
    if (known && known.fingerprint !== idempotency.fingerprint) return { type: "idempotency_key_reused" as const };
    if (known) return { type: "replayed" as const, id: known.id };
    const total = (made.get(ownerId) ?? 0) + count;
    if (generationsPerDay !== null && total > generationsPerDay)
      return { type: "generations_exhausted" as const, resetAtMs: clock.nowMs() + 3_600_000 };
    made.set(ownerId, total);
    if (idempotency) keys.set(scope, { fingerprint: idempotency.fingerprint, id });
    return undefined;
  };
}

/** Jobs in memory, for the tests of the door alone: the database's own suite holds the real store to the same promises. */
export function createMemoryJobs(clock: Clock): DoorJobStore & { readonly batches: BatchStore } {
  const jobs = new Map<string, Job>();
  const batches = new Map<string, Omit<Batch, "counts" | "jobCount">>();
  const claim = createClaims(clock);

  function get<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): Value {
    const value = map.get(key);
    if (value === undefined) throw new Error(`${String(key)} is not known.`);
    return value;
  }

  function toBatch(id: string): Batch {
    const own = [...jobs.values()].filter((job) => job.batchId === id);
    const counts = jobStates.map((state) => [state, own.filter((job) => job.state === state).length] as const);
    return {
      ...get(batches, id),
      jobCount: own.length,
      counts: Object.fromEntries(counts) as Record<JobState, number>,
    };
  }

  async function requestCancel(id: string): Promise<boolean> {
    const job = jobs.get(id);
    if (!job || isTerminal(job.state)) return false;
    jobs.set(id, { ...job, isCancelRequested: true, state: job.state === "pending" ? "pending" : "cancelling" });
    return true;
  }

  return {
    async accept(acceptance) {
      const retried = acceptance.retryOf === undefined ? undefined : jobs.get(acceptance.retryOf);
      if (retried?.retriedBy) return { type: "retried_already", job: get(jobs, retried.retriedBy) };
      const known = claim({ ...acceptance, count: 1 });
      if (known?.type === "replayed") return { type: "replayed", job: get(jobs, known.id) };
      if (known) return known;
      const job = toJob(acceptance);
      jobs.set(job.id, job);
      if (retried) jobs.set(retried.id, { ...retried, retriedBy: job.id });
      return { type: "accepted", job };
    },
    async acceptBatch(batch, acceptances) {
      const generationsPerDay = acceptances[0]?.generationsPerDay ?? null;
      const known = claim({ ...batch, generationsPerDay, count: acceptances.length });
      if (known?.type === "replayed") return { type: "replayed", batch: toBatch(known.id) };
      if (known) return known;
      const { signature: _, idempotency: __, keyId: ___, ...row } = batch;
      batches.set(batch.id, { ...row, createdAtMs: clock.nowMs() });
      for (const acceptance of acceptances) jobs.set(acceptance.id, toJob(acceptance));
      return { type: "accepted", batch: toBatch(batch.id) };
    },
    async findReplay(request) {
      const known = claim({ ...request, generationsPerDay: 0, id: "", count: 1 });
      if (known?.type === "generations_exhausted") return undefined;
      if (known?.type !== "replayed") return known;
      const job = jobs.get(known.id);
      return job ? { type: "replayed", job } : { type: "replayed", batch: toBatch(known.id) };
    },
    find: async (id) => jobs.get(id),
    findMany: async (ids) => ids.flatMap((id) => jobs.get(id) ?? []),
    async list(filter) {
      const found = [...jobs.values()].toReversed().filter((job) => matches(job, filter));
      const start = filter.cursor === undefined ? 0 : Number(filter.cursor);
      const end = start + filter.limit;
      return { jobs: found.slice(start, end), ...(end < found.length && { nextCursor: String(end) }) };
    },
    requestCancel,
    async finish({ jobId, ending }) {
      const job = jobs.get(jobId);
      if (!job || isTerminal(job.state)) return undefined;
      const ended = toEnded(job, ending, clock.nowMs());
      jobs.set(jobId, ended);
      return ended;
    },
    batches: {
      find: async (ownerId, id) => (batches.get(id)?.ownerId === ownerId ? toBatch(id) : undefined),
      async requestCancel(ownerId, batchId) {
        const own = [...jobs.values()].filter((job) => job.batchId === batchId && job.ownerId === ownerId);
        const open = own.filter(({ state }) => !isTerminal(state)).map(({ id }) => id);
        await Promise.all(open.map(requestCancel));
        return open;
      },
    },
  };
}
