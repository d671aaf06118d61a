import type { Backend, RenderOptions, RenderOutcome } from "../generation/backend.ts";
import type { OwnedLease } from "../generation/ownership.ts";
import type { Dispatch } from "./dispatch.ts";
import type { Attempt } from "./job.ts";
import { createPreviewReport, createProgressReport } from "./report-progress.ts";
import type { Run } from "./run.ts";

/** From here on the next prompt is worth sending: what is left is shorter than what it takes to get it there. */
const NEARLY_DONE = 0.5;

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
  const recalled = new AbortController();
  let headway: "none" | "running" | "nearly_done" = "none";
  const advance = (to: "running" | "nearly_done") => {
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
    const isRecalled = recalled.signal.aborted && control.stopReason === undefined;
    return { type: "rendered", backend, attempt, outcome, isBystander: isBehind && headway === "none", isRecalled };
  } finally {
    hooks.recall.removeEventListener("abort", recall);
  }
}
