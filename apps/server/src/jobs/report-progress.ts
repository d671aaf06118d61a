import { type JobProgress, previewLengthMax } from "@comfy/contracts";
import type { Clock } from "../clock.ts";
import type { RenderPreview } from "../generation/backend.ts";
import type { EventBus } from "./event-bus.ts";
import type { Lease } from "./job.ts";
import type { JobStore } from "./job-store.ts";

/** A render tells dozens of steps a second and a job may have a thousand listeners on any number of processes: five are smooth enough. */
const TELL_EVERY_MS = 200;
/** The row is what pollers read. */
const SAVE_EVERY_MS = 1_000;
const PREVIEW_EVERY_MS = 1_000;

export interface ProgressReportDeps {
  readonly jobs: Pick<JobStore, "saveProgress">;
  readonly events: EventBus;
  readonly clock: Clock;
}

export interface ProgressReport extends Disposable {
  report(progress: JobProgress): void;
}

/**
 * Carries a render's progress outwards. The value never goes down, not over attempts either. Steps that come faster than they are told
 * are left out, except the last of a burst: a node that then computes for a minute must not be shown as not begun. What was not told or
 * written when the render ends is neither: the end says more, and a job of a moment costs no write for its progress.
 */
export function createProgressReport(
  lease: Lease,
  start: number,
  { jobs, events, clock }: ProgressReportDeps,
): ProgressReport {
  let highest = start;
  const telling = createPace(clock, { everyMs: TELL_EVERY_MS, firstAfterMs: 0 }, (progress) =>
    events.publish(lease.jobId, { type: "progress", ...progress }),
  );
  const saving = createPace(clock, { everyMs: SAVE_EVERY_MS, firstAfterMs: SAVE_EVERY_MS }, (progress) => {
    // Progress is a courtesy: a job must not fail for it.
    jobs.saveProgress(lease, progress).catch(() => {});
  });
  return {
    report(progress) {
      highest = Math.max(highest, progress.value);
      const monotonic = { ...progress, value: highest };
      telling.put(monotonic);
      saving.put(monotonic);
    },
    [Symbol.dispose]() {
      telling.stop();
      saving.stop();
    },
  };
}

interface PaceOptions {
  readonly everyMs: number;
  readonly firstAfterMs: number;
}

/** Hands on the newest value, at most once in so many milliseconds. */
function createPace(clock: Clock, { everyMs, firstAfterMs }: PaceOptions, handOn: (progress: JobProgress) => void) {
  let dueAtMs = clock.monotonicMs() + firstAfterMs;
  let newest: JobProgress | undefined;
  let timer: NodeJS.Timeout | undefined;

  function give(): void {
    timer = undefined;
    if (newest === undefined) return;
    handOn(newest);
    newest = undefined;
    dueAtMs = clock.monotonicMs() + everyMs;
  }

  return {
    put(progress: JobProgress): void {
      newest = progress;
      const dueInMs = dueAtMs - clock.monotonicMs();
      if (timer === undefined && dueInMs <= 0) give();
      else timer ??= setTimeout(give, dueInMs).unref();
    },
    stop(): void {
      clearTimeout(timer);
    },
  };
}

/** Carries a render's previews outwards, one a second; larger ones than 64 kB are dropped, and nothing of them is kept. */
export function createPreviewReport(
  lease: Lease,
  { events, clock }: Pick<ProgressReportDeps, "events" | "clock">,
): (preview: RenderPreview) => void {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return ({ mediaType, bytes }) => {
    if (clock.monotonicMs() - toldAtMs < PREVIEW_EVERY_MS) return;
    const data = Buffer.from(bytes).toString("base64");
    if (data.length > previewLengthMax) return;
    toldAtMs = clock.monotonicMs();
    events.publish(lease.jobId, { type: "preview", mediaType, data });
  };
}
