import type { Clock } from "../clock.ts";

/** When a backend began with a prompt and when it was done, in milliseconds before now. Absent: it was not, or nobody saw it. */
export interface RenderSpan {
  readonly attemptId: string;
  readonly beganAgoMs?: number;
  readonly endedAgoMs?: number;
}

/** Measures what an attempt takes of its backend: what it waits there, and what comes afterwards, is nobody's GPU time. */
export interface RenderMeter {
  readonly attemptId: string;
  /** It runs. The first call counts. */
  begin(): void;
  /** The backend is done with it. The last call counts: one that was out of reach may have gone on. */
  end(): void;
  read(): RenderSpan;
}

export function createRenderMeter(attemptId: string, { monotonicMs }: Pick<Clock, "monotonicMs">): RenderMeter {
  let beganAtMs: number | undefined;
  let endedAtMs: number | undefined;
  return {
    attemptId,
    begin() {
      beganAtMs ??= monotonicMs();
    },
    end() {
      endedAtMs = monotonicMs();
    },
    read() {
      const nowMs = monotonicMs();
      return {
        attemptId,
        ...(beganAtMs !== undefined && { beganAgoMs: nowMs - beganAtMs }),
        ...(endedAtMs !== undefined && { endedAgoMs: nowMs - endedAtMs }),
      };
    },
  };
}
