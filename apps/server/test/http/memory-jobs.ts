import { isTerminal } from "@comfy/contracts";
import type { Asset } from "../../src/assets/asset.ts";
import type { Clock } from "../../src/clock.ts";
import type { Job } from "../../src/jobs/job.ts";
import type { Acceptance, AcceptOutcome, Ending, JobStore } from "../../src/jobs/job-store.ts";

/** The part of the store that the verbs behind the front door use. */
export type DoorJobStore = Pick<JobStore, "accept" | "find" | "findMany" | "requestCancel" | "finish">;

function toJob(acceptance: Acceptance): Job {
  const { plan, idempotency, id, ownerId, keyId, kind, requestId, isUploadedToCloud } = acceptance;
  return {
    ...{ id, ownerId, keyId, kind, plan, requestId, isUploadedToCloud },
    createdAtMs: acceptance.createdAtMs,
    deadlineAtMs: acceptance.deadlineAtMs,
    state: "pending",
    seed: plan.seed,
    isAbandonable: idempotency === undefined,
    isCancelRequested: false,
    outputs: [],
    ...(acceptance.callbackUrl !== undefined && { callbackUrl: acceptance.callbackUrl }),
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

/** Jobs in memory, for the tests of the door alone: the database's own suite holds the real store to the same promises. */
export function createMemoryJobs(clock: Clock): DoorJobStore {
  const jobs = new Map<string, Job>();
  const keys = new Map<string, { fingerprint: string; jobId: string }>();
  const signatures = new Set<string>();

  function claimKey({ ownerId, idempotency, id }: Acceptance): AcceptOutcome | undefined {
    if (!idempotency) return undefined;
    const scope = JSON.stringify([ownerId, idempotency.surface, idempotency.key]);
    const known = keys.get(scope);
    const job = known && jobs.get(known.jobId);
    if (!known || !job) return void keys.set(scope, { fingerprint: idempotency.fingerprint, jobId: id });
    return known.fingerprint === idempotency.fingerprint
      ? { type: "replayed", job }
      : { type: "idempotency_key_reused" };
  }

  return {
    async accept(acceptance) {
      const { signature } = acceptance;
      if (signature && signatures.has(signature.hash)) return { type: "signature_replayed" };
      if (signature) signatures.add(signature.hash);
      const known = claimKey(acceptance);
      if (known) return known;
      const { generationsPerDay, ownerId } = acceptance;
      const made = [...jobs.values()].filter((job) => job.ownerId === ownerId).length;
      if (generationsPerDay !== null && made >= generationsPerDay)
        return { type: "generations_exhausted", resetAtMs: clock.nowMs() + 3_600_000 };
      const job = toJob(acceptance);
      jobs.set(job.id, job);
      return { type: "accepted", job };
    },
    find: async (id) => jobs.get(id),
    findMany: async (ids) => ids.flatMap((id) => jobs.get(id) ?? []),
    async requestCancel(id) {
      const job = jobs.get(id);
      if (!job || isTerminal(job.state)) return false;
      jobs.set(id, { ...job, isCancelRequested: true, state: job.state === "pending" ? "pending" : "cancelling" });
      return true;
    },
    async finish({ jobId, ending }) {
      const job = jobs.get(jobId);
      if (!job || isTerminal(job.state)) return false;
      jobs.set(jobId, toEnded(job, ending, clock.nowMs()));
      return true;
    },
  };
}
