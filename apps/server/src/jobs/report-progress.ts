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

/**
 * Carries a render's progress outwards. The value never goes down, not over attempts either. Steps that come faster than they are told
 * are left out, except the last of a burst: a node that then computes for a minute must not be shown as not begun.
 */
export function createProgressReport(
  lease: Lease,
  start: number,
  { jobs, events, clock }: ProgressReportDeps,
): (progress: JobProgress) => void {
  let highest = start;
  let savedAtMs = Number.NEGATIVE_INFINITY;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let untold: JobProgress | undefined;

  function tell(): void {
    if (untold === undefined) return;
    events.publish(lease.jobId, { type: "progress", ...untold });
    untold = undefined;
    toldAtMs = clock.monotonicMs();
  }

  return (progress) => {
    highest = Math.max(highest, progress.value);
    const monotonic = { ...progress, value: highest };
    const isTimerSet = untold !== undefined;
    untold = monotonic;
    const dueInMs = toldAtMs + TELL_EVERY_MS - clock.monotonicMs();
    if (dueInMs <= 0) tell();
    else if (!isTimerSet) setTimeout(tell, dueInMs).unref();
    if (clock.monotonicMs() - savedAtMs < SAVE_EVERY_MS) return;
    savedAtMs = clock.monotonicMs();
    // Progress is a courtesy: a job must not fail for it.
    jobs.saveProgress(lease, monotonic).catch(() => {});
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
