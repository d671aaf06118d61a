import type { Kysely } from "kysely";
import type { JobStore } from "../../jobs/job-store.ts";
import { acceptBatch } from "./accept-batch.ts";
import { acceptJob } from "./accept-job.ts";
import { beginAttempt, markAttempt } from "./attempts.ts";
import { claimJobs } from "./claim-jobs.ts";
import { findReplay } from "./find-replay.ts";
import { finishJob } from "./finish-job.ts";
import { pinJobInput, postponeJob, releaseJobLeases, renewLeases, saveJobProgress, setJobState } from "./hold-lease.ts";
import { listJobs } from "./list-jobs.ts";
import { wakePostponedJobs } from "./owner-queue.ts";
import { findJob, findJobs, findOverdueJobs, isCancelRequested, requestCancel } from "./read-jobs.ts";
import { noteRender } from "./render-span.ts";
import type { Tables } from "./tables.ts";
import { withPatience } from "./with-patience.ts";

export function createJobStore(db: Kysely<Tables>): JobStore {
  return {
    accept: (acceptance, options) => acceptJob(db, acceptance, options),
    acceptBatch: (batch, acceptances) => acceptBatch(db, batch, acceptances),
    findReplay: (request) => findReplay(db, request),
    find: (id) => withPatience(() => findJob(db, id)),
    findMany: (ids) => withPatience(() => findJobs(db, ids)),
    list: (filter) => withPatience(() => listJobs(db, filter)),
    claim: (claim) => claimJobs(db, claim),
    wakePostponed: () => wakePostponedJobs(db),
    renew: (leases, leaseMs) => renewLeases(db, leases, leaseMs),
    postpone: (lease, options) => postponeJob(db, lease, options),
    beginAttempt: (lease, attempt) => beginAttempt(db, lease, attempt),
    markAttempt: (lease, attemptId, state, cause, span) => markAttempt(db, lease, attemptId, state, cause, span),
    noteRender: (lease, span) => noteRender(db, lease, span),
    pinInput: (lease, slot, assetId) => pinJobInput(db, lease, slot, assetId),
    setState: (lease, state) => setJobState(db, lease, state),
    saveProgress: (lease, progress) => saveJobProgress(db, lease, progress),
    requestCancel: (jobId) => requestCancel(db, jobId),
    isCancelRequested: (jobId) => isCancelRequested(db, jobId),
    finish: (finish) => finishJob(db, finish),
    releaseLeases: () => releaseJobLeases(db),
    findOverdue: (limit) => findOverdueJobs(db, limit),
  };
}
