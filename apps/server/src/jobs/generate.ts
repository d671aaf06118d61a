import { isTerminal } from "@comfy/contracts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Attention } from "./attention.ts";
import type { CancelJob } from "./cancel-job.ts";
import type { Job } from "./job.ts";
import type { SubmitJob, SubmitRequest, Submitted } from "./submit-job.ts";
import type { JobWatcher } from "./watch-jobs.ts";

/** How long after its caller hung up an unwanted job is left alone: a reconnect with a poll may still come. */
const ABANDON_AFTER_MS = 5_000;

export interface GenerateDeps {
  readonly submitJob: SubmitJob;
  readonly cancelJob: CancelJob;
  readonly watcher: JobWatcher;
  readonly attention: Attention;
  readonly log: Log;
  /** Milliseconds until the answer is 504 and the job goes on. The first consumer gives up after 300 s. */
  readonly deadlineMs: number;
  readonly isDraining: () => boolean;
}

/** Aborting `closing` ends the wait with the job as it stands, as the deadline does. */
export type Generate = (request: SubmitRequest & { readonly closing: AbortSignal }) => Promise<Submitted>;

/** The synchronous form: the same submit, then a wait. Resolves with a complete job or throws what became of it. */
export function createGenerate(deps: GenerateDeps): Generate {
  const waiters = createWaiterCount();
  return async function generate({ closing, ...request }) {
    const { ownerId, limits } = request.caller;
    const leave = waiters.enter(ownerId, limits.concurrentJobs);
    try {
      const submitted = await deps.submitJob(request);
      const { job } = submitted;
      const close = deps.attention.open(job.id);
      const ended = isTerminal(job.state)
        ? job
        : await deps.watcher.waitForEnding(job.id, {
            isNew: !submitted.isReplay,
            isHere: submitted.isHere,
            timeoutMs: deps.deadlineMs,
            signal: AbortSignal.any([request.signal, closing]),
          });
      if (ended === undefined && request.signal.aborted) void abandon(submitted, close, deps);
      else close();
      const why = closing.aborted
        ? "was not done when the service was restarted"
        : `took longer than ${deps.deadlineMs / 1000} s`;
      const path = request.surface === "v1" ? `/api/v1/jobs/${job.id}` : `/jobs/${job.kind}/${job.id}`;
      return { ...submitted, job: assertComplete(job, ended, `${why}. Its job goes on: poll ${path}.`) };
    } finally {
      leave();
    }
  };
}

function assertComplete(asked: Job, ended: Job | undefined, why: string): Job {
  if (ended === undefined) {
    throw new AppError("deadline_exceeded", `The ${asked.kind} ${why}`, { job: asked });
  }
  if (ended.state === "complete") return ended;
  const { code, message, details } = ended.failure ?? {
    code: "internal_error",
    message: "The job ended without a reason.",
  };
  throw new AppError(code, message, { details, job: ended });
}

/** Cancels a job that nobody wants any more. */
async function abandon({ job, isReplay }: Submitted, close: () => void, deps: GenerateDeps): Promise<void> {
  try {
    if (isReplay || !job.isAbandonable) return;
    await new Promise((resolve) => setTimeout(resolve, ABANDON_AFTER_MS).unref());
    if (deps.attention.isMarked(job.id) || deps.isDraining()) return;
    deps.log.info({ jobId: job.id }, "The caller hung up and nobody else asked for the job: cancelling it.");
    await deps.cancelJob({ ownerId: job.ownerId, kind: job.kind, id: job.id });
  } catch (error) {
    deps.log.debug({ jobId: job.id, error }, "An abandoned job could not be cancelled.");
  } finally {
    close();
  }
}

/** Synchronous requests hold a connection each: an owner may hold a few more than it can run at once. */
function createWaiterCount() {
  const counts = new Map<string, number>();
  return {
    enter(ownerId: string, concurrentJobs: number | null): () => void {
      const count = counts.get(ownerId) ?? 0;
      if (concurrentJobs !== null && count >= Math.max(2, 4 * concurrentJobs)) {
        const sentence = `${count} synchronous requests of this key are waiting already. Use the async form (POST /…/async), or wait for one to end.`;
        throw new AppError("concurrency_limit", sentence, { retryAfterSeconds: 5 });
      }
      counts.set(ownerId, count + 1);
      return () => {
        const left = (counts.get(ownerId) ?? 1) - 1;
        if (left === 0) counts.delete(ownerId);
        else counts.set(ownerId, left);
      };
    },
  };
}
