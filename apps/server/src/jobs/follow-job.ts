import { isTerminal, type JobEvent, type JobResult } from "@comfy/contracts";
import type { Clock } from "../clock.ts";
import { isId } from "../ids.ts";
import type { Attention } from "./attention.ts";
import type { EventBus, JobNotice } from "./event-bus.ts";
import { findOwnJob, type JobAddress } from "./find-own-job.ts";
import type { Job } from "./job.ts";
import type { JobStore } from "./job-store.ts";
import { createMailbox, type Mailbox } from "./mailbox.ts";
import { createTerminalEvents, type NumberedEvent, toTerminalId } from "./terminal-event.ts";
import type { JobWatcher } from "./watch-jobs.ts";

export type { NumberedEvent } from "./terminal-event.ts";

export interface FollowJobDeps {
  readonly jobs: Pick<JobStore, "find">;
  readonly events: EventBus;
  readonly watcher: JobWatcher;
  readonly attention: Attention;
  readonly clock: Clock;
  readonly presentResult: (job: Job) => Promise<JobResult>;
}

/** Aborting `signal` ends the events; whoever asked for them aborts it when they want no more. */
export type FollowJob = (
  request: JobAddress & {
    readonly lastEventId?: string;
    /** Preview pictures, too: they are many times larger than everything else. */
    readonly hasPreviews?: boolean;
    readonly signal: AbortSignal;
  },
) => Promise<AsyncIterable<NumberedEvent>>;

/**
 * A job's events: where it stands now, then what happens, the terminal one last. Whatever was missed between two
 * connections is in the first events of the second one, so no history is kept. Empty when `lastEventId` was the terminal one.
 */
export function createFollowJob(deps: FollowJobDeps): FollowJob {
  const epoch = deps.clock.nowMs().toString(36);
  let count = 0;
  const number = (event: JobEvent): NumberedEvent => ({ id: `${epoch}-${++count}`, event });
  const toTerminalEvent = createTerminalEvents(deps);

  async function* follow(letters: Letters, signal: AbortSignal): AsyncGenerator<NumberedEvent> {
    const { mailbox, close } = letters;
    try {
      while (!signal.aborted) {
        for (const event of mailbox.take()) yield number(event);
        if (mailbox.ended !== undefined) return yield await toTerminalEvent(mailbox.ended);
        await mailbox.wait();
      }
    } finally {
      close();
    }
  }

  return async function followJob({ lastEventId, hasPreviews = false, signal, ...address }) {
    const letters = openLetters(address.id, { ...deps, hasPreviews, signal });
    try {
      // Read after listening, so that nothing falls between.
      const job = await findOwnJob(deps.jobs, address);
      deps.attention.mark(job.id);
      if (!isTerminal(job.state)) {
        letters.mailbox.startFrom(toSnapshot(job));
        return follow(letters, signal);
      }
      letters.close();
      return toList(lastEventId === toTerminalId(job) ? [] : [await toTerminalEvent(job)]);
    } catch (error) {
      letters.close();
      throw error;
    }
  };
}

type LettersDeps = Pick<FollowJobDeps, "events" | "watcher"> & {
  readonly hasPreviews: boolean;
  readonly signal: AbortSignal;
};

interface Letters {
  readonly mailbox: Mailbox;
  readonly close: () => void;
}

/** What happens to a job from now on, in a mailbox, until it is closed or the signal aborts. */
function openLetters(jobId: string, { events, watcher, hasPreviews, signal }: LettersDeps): Letters {
  const mailbox = createMailbox();
  // What is no id of ours is no channel of the wire either.
  if (!isId(jobId) || signal.aborted) return { mailbox, close() {} };
  const unsubscribe = events.subscribe(jobId, (notice) => {
    if (isEvent(notice) && (notice.type !== "preview" || hasPreviews)) mailbox.put(notice);
  });
  const unwatch = watcher.onEnded(jobId, mailbox.end);
  const close = () => {
    unsubscribe();
    unwatch();
    signal.removeEventListener("abort", close);
    mailbox.wake();
  };
  signal.addEventListener("abort", close, { once: true });
  return { mailbox, close };
}

function isEvent(notice: JobNotice): notice is Extract<JobNotice, JobEvent> {
  return notice.type !== "finished" && notice.type !== "cancel_requested";
}

async function* toList(events: readonly NumberedEvent[]): AsyncGenerator<NumberedEvent> {
  yield* events;
}

function toSnapshot(job: Job): JobEvent[] {
  if (job.state === "pending") return [{ type: "queued" }];
  return [{ type: "running" }, ...(job.progress === undefined ? [] : [{ type: "progress" as const, ...job.progress }])];
}
