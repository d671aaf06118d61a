import { isTerminal, type JobEvent, type JobResult } from "@comfy/contracts";
import type { Clock } from "../clock.ts";
import type { Attention } from "./attention.ts";
import type { EventBus, JobNotice } from "./event-bus.ts";
import { findOwnJob, type JobAddress } from "./find-own-job.ts";
import type { Job } from "./job.ts";
import type { JobStore } from "./job-store.ts";
import type { JobWatcher } from "./watch-jobs.ts";

export interface FollowJobDeps {
  readonly jobs: Pick<JobStore, "find">;
  readonly events: EventBus;
  readonly watcher: JobWatcher;
  readonly attention: Attention;
  readonly clock: Clock;
  readonly presentResult: (job: Job) => Promise<JobResult>;
}

export interface NumberedEvent {
  /** `<epoch>-<n>`; the terminal one is the same for every listener and every process. */
  readonly id: string;
  readonly event: JobEvent;
}

export type FollowJob = (
  request: JobAddress & { readonly lastEventId?: string; readonly signal: AbortSignal },
) => Promise<AsyncIterable<NumberedEvent>>;

/**
 * A job's events: where it stands now, then what happens, the terminal one last. Whatever was missed between two
 * connections is in the first events of the second one, so no history is kept. Empty when `lastEventId` was the terminal one.
 */
export function createFollowJob(deps: FollowJobDeps): FollowJob {
  const epoch = deps.clock.nowMs().toString(36);
  let count = 0;
  const number = (event: JobEvent): NumberedEvent => ({ id: `${epoch}-${++count}`, event });

  async function* follow(address: JobAddress, signal: AbortSignal): AsyncGenerator<NumberedEvent> {
    const pending = createMailbox();
    const { id } = address;
    const unsubscribe = deps.events.subscribe(id, (notice) => {
      if (isEvent(notice)) pending.put(notice);
    });
    const unwatch = deps.watcher.onEnded(id, pending.end);
    signal.addEventListener("abort", pending.wake, { once: true });
    try {
      // Read after listening, so that nothing falls between.
      const job = await findOwnJob(deps.jobs, address);
      if (isTerminal(job.state)) return yield await toTerminalEvent(job, deps);
      for (const event of toSnapshot(job)) yield number(event);
      while (!signal.aborted) {
        for (const event of pending.take()) yield number(event);
        if (pending.ended !== undefined) return yield await toTerminalEvent(pending.ended, deps);
        await pending.wait();
      }
    } finally {
      unsubscribe();
      unwatch();
      signal.removeEventListener("abort", pending.wake);
    }
  }

  return async function followJob({ lastEventId, signal, ...address }) {
    const job = await findOwnJob(deps.jobs, address);
    deps.attention.mark(job.id);
    if (isTerminal(job.state) && lastEventId === toTerminalId(job)) return toEmpty();
    return follow(address, signal);
  };
}

function isEvent(notice: JobNotice): notice is JobNotice & JobEvent {
  return notice.type !== "finished" && notice.type !== "cancel_requested";
}

async function* toEmpty(): AsyncGenerator<NumberedEvent> {}

function toSnapshot(job: Job): JobEvent[] {
  if (job.state === "pending") return [{ type: "queued" }];
  return [{ type: "running" }, ...(job.progress === undefined ? [] : [{ type: "progress" as const, ...job.progress }])];
}

const toTerminalId = (job: Job): string => `${(job.completedAtMs ?? 0).toString(36)}-0`;

async function toTerminalEvent(job: Job, { presentResult }: FollowJobDeps): Promise<NumberedEvent> {
  const id = toTerminalId(job);
  if (job.state === "complete") return { id, event: { type: "completed", result: await presentResult(job) } };
  if (job.state === "cancelled") return { id, event: { type: "cancelled" } };
  const { code, message, details } = job.failure ?? { code: "internal_error", message: "No reason was kept." };
  return { id, event: { type: "failed", error: message, code, ...(details !== undefined && { details }) } };
}

/** Events on their way to one listener. A slow listener misses progress that newer progress has overtaken, nothing else. */
function createMailbox() {
  let events: JobEvent[] = [];
  let signal = Promise.withResolvers<void>();
  const wake = () => signal.resolve();
  const mailbox = {
    ended: undefined as Job | undefined,
    put(event: JobEvent) {
      if (event.type === "progress" && events.at(-1)?.type === "progress") events.pop();
      events.push(event);
      wake();
    },
    end(job: Job) {
      mailbox.ended = job;
      wake();
    },
    take() {
      const taken = events;
      events = [];
      return taken;
    },
    async wait() {
      await signal.promise;
      signal = Promise.withResolvers<void>();
    },
    wake,
  };
  return mailbox;
}
