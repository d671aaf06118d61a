import type { Backend, RenderOptions, RenderOutcome } from "../generation/backend.ts";
import type { OwnedLease } from "../generation/ownership.ts";
import type { Dispatch } from "./dispatch.ts";
import { noteRender } from "./end-run.ts";
import type { Attempt } from "./job.ts";
import { createRenderMeter } from "./render-meter.ts";
import { createPreviewReport, createProgressReport } from "./report-progress.ts";
import type { Run } from "./run.ts";

/** From here on the next prompt is worth sending: what is left is shorter than what it takes to get it there. */
const NEARLY_DONE = 0.5;
/** That it runs is not worth a write for a render that is over by then. */
const NOTE_AFTER_MS = 1_000;

/** Nobody knows whether it still runs there. */
const isOpen = ({ type }: RenderOutcome): boolean => type === "detached" || type === "unreachable";

interface Watched {
  readonly backend: Backend;
  readonly attempt: Attempt;
  readonly lease: OwnedLease;
  /** Other prompts of ours may run before it. */
  readonly isBehind: boolean;
}

/** Follows a prompt and tells what it does; ends it when the job is to stop, lets go of it when the backend is not ours any more. */
export async function followRender(
  run: Run,
  { backend, attempt, lease, isBehind }: Watched,
  render: (options: RenderOptions) => Promise<RenderOutcome>,
): Promise<Dispatch> {
  const { claimed, control, hooks, deps } = run;
  using progressReport = createProgressReport(claimed.lease, claimed.job.progress?.value ?? 0, deps);
  const meter = run.meter?.attemptId === attempt.id ? run.meter : createRenderMeter(attempt.id, deps.clock);
  run.meter = meter;
  const recalled = new AbortController();
  let noting: NodeJS.Timeout | undefined;
  let headway: "none" | "running" | "nearly_done" = "none";
  const advance = (to: "running" | "nearly_done") => {
    meter.begin();
    noting ??= setTimeout(() => void noteRender(run), NOTE_AFTER_MS);
    if (headway === to || headway === "nearly_done") return;
    headway = to;
    hooks.onHeadway(to);
  };
  const recall = () => {
    if (isBehind && headway === "none") recalled.abort(new Error("This process drains."));
  };
  hooks.recall.addEventListener("abort", recall, { once: true });
  if (hooks.recall.aborted) recall();
  try {
    const outcome = await render({
      promptId: attempt.id,
      outputNodes: attempt.outputNodes,
      backendEpoch: attempt.backendEpoch,
      onRunning: () => advance("running"),
      onProgress(progress) {
        advance(progress.value >= NEARLY_DONE ? "nearly_done" : "running");
        progressReport.report(progress);
      },
      onPreview: createPreviewReport(claimed.lease, deps),
      signal: AbortSignal.any([control.signal, recalled.signal]),
      detach: AbortSignal.any([hooks.detach, lease.lost]),
    });
    if (!isOpen(outcome)) meter.end();
    const isRecalled = recalled.signal.aborted && control.stopReason === undefined;
    return { type: "rendered", backend, attempt, outcome, isBystander: isBehind && headway === "none", isRecalled };
  } finally {
    clearTimeout(noting);
    hooks.recall.removeEventListener("abort", recall);
  }
}
