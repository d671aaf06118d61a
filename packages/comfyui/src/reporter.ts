import { graph } from "@comfy/comfyui-contract";
import type { PromptEvent } from "./events.ts";
import type { PromptState } from "./find.ts";
import type { Socket } from "./socket.ts";
import type { Track } from "./tracks.ts";

/** A prompt of ours that runs without a word on the socket for this long was forgotten there. */
const SILENCE_MS = 3_000;

/** Turns looks into news: each is told once, and silence is timed. */
export interface Reporter {
  report(state: PromptState): void;
  lose(sinceMs: number): void;
  regain(): void;
}

export interface ReporterParts {
  readonly track: Track;
  readonly socket: Socket;
  readonly tell: (event: PromptEvent) => void;
  readonly stalledAfterMs: number;
  readonly idleAfterMs: number;
}

/** A stranger's prompt is not heard at work: it is given this many times the bound. */
const STRANGER_PATIENCE = 3;
/** Between two prompts nothing runs for a moment: so many looks must agree. */
const IDLE_LOOKS = 3;

/** What goes before a prompt that waits: unchanged for too long, the server's worker is dead. */
function createAheadWatch({ tell, stalledAfterMs, idleAfterMs }: ReporterParts) {
  let seen: { readonly running: string | undefined; sinceMs: number } | undefined;
  let looks = 0;
  return {
    forget: () => {
      seen = undefined;
    },
    look(running: string | undefined): void {
      const nowMs = performance.now();
      if (!seen || seen.running !== running) {
        seen = { running, sinceMs: nowMs };
        looks = 0;
      }
      looks += 1;
      const quietMs = nowMs - seen.sinceMs;
      const isCertain = running === undefined;
      const boundMs = isCertain ? idleAfterMs : stalledAfterMs * STRANGER_PATIENCE;
      if (quietMs < boundMs || looks < IDLE_LOOKS) return;
      seen.sinceMs = nowMs;
      tell({ type: "stalled", quietMs: Math.round(quietMs), isCertain });
    },
  };
}

/** Whether the server has spoken to this very socket since the prompt was sent: then it also tells when the prompt begins. */
function isSpokenTo({ track, socket }: ReporterParts): boolean {
  if (track.connection === undefined || track.sentAt === undefined) return false;
  return track.connection === socket.connection && socket.heardAt > track.sentAt;
}

export function createReporter(parts: ReporterParts): Reporter {
  const { track, socket, tell, stalledAfterMs, idleAfterMs } = parts;
  const ahead = createAheadWatch(parts);
  let told: string | undefined;
  let runningSince: number | undefined;
  let runningLooks = 0;
  let quietFrom = 0;
  let isDoubted = false;
  let isLost = false;

  function watchQuiet(): void {
    const now = performance.now();
    runningSince ??= now;
    runningLooks += 1;
    const isMute = track.signAt === undefined && isSpokenTo(parts);
    // Every prompt says first of all that it begins. One that is at work for so long without a word killed the worker.
    if (isMute && now - runningSince >= idleAfterMs && runningLooks >= IDLE_LOOKS) {
      tell({ type: "stalled", quietMs: Math.round(now - runningSince), isCertain: true });
      runningSince = now;
      return;
    }
    const signAt = Math.max(runningSince, track.signAt ?? 0);
    quietFrom = Math.max(quietFrom, signAt);
    if (now - quietFrom >= stalledAfterMs) {
      tell({ type: "stalled", quietMs: Math.round(now - signAt), isCertain: false });
      quietFrom = now;
    }
    if (track.isOurs && track.signAt === undefined && !isMute && now - runningSince > SILENCE_MS && !isDoubted) {
      isDoubted = true;
      socket.suspect();
    }
  }

  return {
    report(state) {
      if (state.type !== "running" && state.type !== "queued") return;
      if (!track.progress.graph) {
        const found = graph.safeParse(state.graph);
        if (found.success) track.progress.setGraph(found.data);
      }
      const news = state.type === "queued" ? `queued ${state.position}` : "running";
      if (news !== told) {
        told = news;
        tell(state.type === "queued" ? { type: "queued", position: state.position } : { type: "running" });
      }
      if (state.type === "running") watchQuiet();
      else ahead.look(state.running);
    },
    lose(sinceMs) {
      ahead.forget();
      if (!isLost) tell({ type: "unreachable", sinceMs });
      isLost = true;
    },
    regain() {
      if (isLost) tell({ type: "reachable" });
      isLost = false;
    },
  };
}
