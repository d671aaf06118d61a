import type { Backend, RenderOptions, RenderOutcome } from "./backend.ts";
import { createEtaMeter, type RenderTimes } from "./render-times.ts";

/** Whether a submission reached a backend. `unknown`: nothing was sent after all, or nobody knows. */
export type Arrival = "arrived" | "failed" | "unknown";

export interface Observers {
  /** What is rendered, for the times that such renders take. */
  readonly what?: string;
  readonly times: RenderTimes;
  /** Called once for each render. */
  readonly onArrival?: (arrival: Arrival) => void;
  readonly onOutOfMemory?: () => void;
  readonly nowMs: () => number;
}

/** A backend whose renders tell the pool how it does, and callers when they will end. */
export function observeBackend(backend: Backend, observers: Observers): Backend {
  return {
    ...backend,
    async render(options) {
      let isTold = false;
      const tell = (arrival: Arrival) => {
        if (!isTold) observers.onArrival?.(arrival);
        isTold = true;
      };
      const onAccepted = () => {
        tell("arrived");
        return options.onAccepted();
      };
      try {
        const outcome = await backend.render({ ...options, ...watchRender(backend, options, observers), onAccepted });
        tell(toArrival(outcome));
        if (outcome.type === "out_of_memory") observers.onOutOfMemory?.();
        return outcome;
      } finally {
        tell("unknown");
      }
    },
    resume: (options) => backend.resume({ ...options, ...watchRender(backend, options, observers) }),
  };
}

function toArrival(outcome: RenderOutcome): Arrival {
  // A graph that was refused was read.
  if (outcome.type === "failed") return "arrived";
  const isFailure = outcome.type === "unreachable" || (outcome.type === "lost" && outcome.cause === "never_arrived");
  return isFailure ? "failed" : "unknown";
}

function watchRender(backend: Backend, options: RenderOptions, { what, times, nowMs }: Observers) {
  const usual = what === undefined ? undefined : times.usual(backend.id, what);
  let startedAtMs: number | undefined;
  let meter = createEtaMeter(nowMs(), usual);
  return {
    onRunning() {
      startedAtMs = nowMs();
      meter = createEtaMeter(startedAtMs, usual);
      options.onRunning?.();
    },
    onProgress(progress) {
      const atMs = nowMs();
      const etaSeconds = meter.measure(progress.value, atMs);
      if (progress.value >= 1 && startedAtMs !== undefined && what !== undefined) {
        times.note(backend.id, what, (atMs - startedAtMs) / 1_000);
        startedAtMs = undefined;
      }
      options.onProgress({ ...progress, ...(etaSeconds !== undefined && { etaSeconds }) });
    },
  } satisfies Partial<RenderOptions>;
}
