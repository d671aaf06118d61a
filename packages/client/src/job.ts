import { createScope } from "./deadline.ts";
import { JobCanceledError, JobFailedError } from "./errors.ts";
import { followJob, readJob } from "./follow.ts";
import { paths } from "./generated/routes.ts";
import type { JobSnapshot, Kind, Results } from "./generated/types.ts";
import { isEnded, type JobEvent, type JobStatus, toJobPath, toJobStatus, type WaitOptions } from "./job-events.ts";
import type { CallOptions } from "./options.ts";
import type { Transport } from "./transport.ts";

function toFailure({ id, status, error, code, details }: JobStatus<unknown>): JobFailedError | JobCanceledError {
  if (status === "cancelled")
    return new JobCanceledError(error ?? "The job was cancelled.", { code: code ?? "cancelled", jobId: id });
  const fields = { code: code ?? "generation_failed", jobId: id, details };
  return new JobFailedError(error ?? "The generation failed and the service did not say why.", fields);
}

/**
 * A job, by its two ids. It holds no connection, may be kept as long as you like, and is deliberately not a promise: a handle that can be
 * awaited by accident is awaited by accident.
 */
export class Job<K extends Kind = Kind> {
  readonly kind: K;
  readonly id: string;
  readonly #transport: Transport;
  #ended: JobStatus<Results[K]> | undefined;

  /** Made by `comfy.submit` and `comfy.job`. */
  constructor(transport: Transport, kind: K, id: string) {
    this.#transport = transport;
    this.kind = kind;
    this.id = id;
  }

  /** Where the job stands now; one request. */
  status(options?: CallOptions): Promise<JobStatus<Results[K]>> {
    return readJob(this.#transport, this, options);
  }

  /**
   * Waits for the result. Safe to call twice; survives lost connections and restarts of the service.
   * Throws `JobFailedError`, `JobCanceledError`, `JobLostError`, `TimeoutError` (the job goes on), or your signal's reason.
   */
  async result(options: WaitOptions<Results[K]> = {}): Promise<Results[K]> {
    const { onProgress, onEvent, signal } = options;
    const tell = (event: JobEvent<Results[K]>) => {
      // What goes wrong in a progress bar must not lose the job.
      try {
        onEvent?.(event);
        if (event.type === "progress") {
          const { type: _, ...progress } = event;
          onProgress?.(progress);
        }
      } catch (error) {
        this.#transport.log("error", `An event callback of job ${this.id} threw: ${error}`);
      }
    };
    try {
      const status = await this.#settle(options, onProgress || onEvent ? tell : undefined);
      if (status.status === "completed" && status.result) return status.result;
    } catch (error) {
      if (options.cancelOnAbort && signal?.aborted) this.cancel().catch(() => {});
      throw error;
    }
    throw toFailure(this.#ended ?? { id: this.id, status: "failed", createdAt: "" });
  }

  /**
   * What happens to the job, as it happens; the last event is `completed`, `failed` or `cancelled`. Leaving the loop releases everything.
   * Throws as {@link result} does when the wait itself fails.
   */
  async *events(options: WaitOptions<Results[K]> = {}): AsyncGenerator<JobEvent<Results[K]>, void, undefined> {
    const scope = createScope(options.signal);
    const queue: JobEvent<Results[K]>[] = [];
    let wake = () => {};
    let isOver = false;
    const wait = this.#settle({ ...options, signal: scope.signal }, (event) => {
      queue.push(event);
      wake();
    }).finally(() => {
      isOver = true;
      wake();
    });
    wait.catch(() => {});
    try {
      while (!isOver || queue.length) {
        const event = queue.shift();
        if (event) yield event;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
      await wait;
    } finally {
      scope.release();
      scope.abort();
    }
  }

  /** Asks the service to stop the job, queued or running, and tells where it stands. Throws `ConflictError` when it has ended. */
  async cancel(options: CallOptions = {}): Promise<JobStatus<Results[K]>> {
    const call = { ...options, method: "POST", path: toJobPath(paths.cancel, this), expect: "status" };
    const { data } = await this.#transport.send<JobSnapshot>(call);
    return toJobStatus(data);
  }

  /** The two ids that `comfy.job(kind, id)` takes up again. */
  toJSON(): { kind: K; id: string } {
    return { kind: this.kind, id: this.id };
  }

  async #settle(options: WaitOptions<Results[K]>, tell?: (event: JobEvent<Results[K]>) => void) {
    this.#ended ??= await followJob(this.#transport, this, options, tell);
    const status = this.#ended;
    if (tell && isEnded(status)) {
      if (status.status === "completed" && status.result) tell({ type: "completed", result: status.result });
      else {
        const error = toFailure(status);
        tell(error instanceof JobCanceledError ? { type: "cancelled", error } : { type: "failed", error });
      }
    }
    return status;
  }
}
