import { type Batch as BatchBody, isTerminal, type JobResult, jobStateWords, type V1Job } from "@comfy/contracts";
import type { Batch } from "./batch-store.ts";
import type { Job } from "./job.ts";

export interface V1JobPresenterDeps {
  /** What a complete job gave, with links that were signed just now. */
  readonly presentResult: (job: Job) => Promise<JobResult>;
}

export interface V1JobPresenter {
  /** A job as the platform surface tells it. */
  presentV1Job(job: Job): Promise<V1Job>;
  /** A batch and its jobs, which are given in the order of their inputs. */
  presentBatch(batch: Batch, jobs: readonly Job[]): BatchBody;
}

const toIso = (timeMs: number): string => new Date(timeMs).toISOString();

function toCommon(job: Job) {
  const { id, kind, seed, priority = 0, keyId, startedAtMs, metadata, batchId, retryOf, retriedBy } = job;
  return {
    ...{ id, job_id: id, workflow: kind, seed, priority, key: keyId },
    createdAt: toIso(job.createdAtMs),
    ...(startedAtMs !== undefined && { startedAt: toIso(startedAtMs) }),
    ...(metadata !== undefined && { metadata: { ...metadata } }),
    ...(batchId !== undefined && { batchId }),
    ...(retryOf !== undefined && { retryOf }),
    ...(retriedBy !== undefined && { retriedBy }),
  };
}

/** Jobs and batches in the words of the platform surface. */
export function createV1JobPresenter({ presentResult }: V1JobPresenterDeps): V1JobPresenter {
  async function presentV1Job(job: Job): Promise<V1Job> {
    const status = jobStateWords[job.state].v1;
    const progress = job.progress ?? { value: 0 };
    const base = { ...toCommon(job), progress };
    const completedAt = toIso(job.completedAtMs ?? job.createdAtMs);
    switch (status) {
      case "pending":
      case "processing":
        return { ...base, status, ...(job.waitingReason !== undefined && { waitingReason: job.waitingReason }) };
      case "completed": {
        // In a list, one job whose files are gone must not hide the others.
        const result = job.outputs.length > 0 && { result: await presentResult(job) };
        return { ...base, status, progress: { value: 1 }, ...result, completedAt };
      }
      case "failed":
      case "cancelled": {
        const { code, message, details } = job.failure ?? { code: "internal_error", message: "No reason was kept." };
        return { ...base, status, error: message, code, ...(details !== undefined && { details }), completedAt };
      }
    }
  }

  return { presentV1Job, presentBatch };
}

function presentBatch(batch: Batch, jobs: readonly Job[]): BatchBody {
  const progressOf = ({ state, progress }: Job) => (isTerminal(state) ? 1 : (progress?.value ?? 0));
  const counts = { pending: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 };
  for (const { state } of jobs) counts[jobStateWords[state].v1] += 1;
  const sum = jobs.reduce((total, job) => total + progressOf(job), 0);
  return {
    id: batch.id,
    workflow: jobs[0]?.kind ?? "",
    status: counts.pending + counts.processing > 0 ? "processing" : "ended",
    createdAt: toIso(batch.createdAtMs),
    progress: jobs.length === 0 ? 1 : sum / jobs.length,
    counts,
    ...(batch.metadata !== undefined && { metadata: { ...batch.metadata } }),
    jobs: jobs.map((job, index) => {
      return { id: job.id, index, status: jobStateWords[job.state].v1, progress: progressOf(job), seed: job.seed };
    }),
  };
}
