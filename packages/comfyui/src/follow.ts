import { ComfyUiError } from "./errors.ts";
import type { PromptEvent } from "./events.ts";
import type { Finder } from "./find.ts";
import type { ComfyUiLog } from "./log.ts";
import { type Outcome, toFailure } from "./outcome.ts";
import { createReporter, type Reporter } from "./reporter.ts";
import type { Socket } from "./socket.ts";
import type { Timeouts } from "./timeouts.ts";
import type { Track, Tracks } from "./tracks.ts";
import { wait } from "./wait.ts";

export interface FollowOptions {
  readonly promptId: string;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: PromptEvent) => void;
  /** How long the server may be out of reach before `follow` gives up. Default 120 000. */
  readonly unreachableAfterMs?: number;
  /** How long a running prompt may be silent before a `stalled` event. Default 120 000; some samplers report nothing for minutes. */
  readonly stalledAfterMs?: number;
}

/** How following ended. `vanished`: the server answers but knows nothing of the prompt. */
export type Ended =
  | Outcome
  | { readonly type: "vanished" }
  | { readonly type: "unreachable"; readonly sinceMs: number };

export interface FollowParts {
  readonly finder: Finder;
  readonly socket: Socket;
  readonly tracks: Tracks;
  readonly timeouts: Timeouts;
  readonly log: ComfyUiLog;
}

/** One look is not enough: the server may be between two states, and a cleared history looks the same for a moment. */
const MISSING_LOOKS = 2;
/** History follows `execution_success` within milliseconds; after this long the ordinary rhythm is good enough. */
const ENDING_LOOKS = [0, 10, 20, 40, 80, 160, 320];
const STALLED_AFTER_MS = 120_000;
const UNREACHABLE_AFTER_MS = 120_000;

/** What the socket said, for the rare case that history was cleared before anybody could read it. */
function recall(track: Track): Ended {
  const { ending, outputs } = track;
  if (ending?.type === "failed") return toFailure(ending.error, outputs);
  return ending ? { ...ending, outputs } : { type: "vanished" };
}

/** A wait that ends early when the socket says that the prompt ended. */
function waitForWake(track: Track, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      track.wake = () => {};
      track.isWoken = false;
      resolve();
    };
    const timer = setTimeout(end, delayMs);
    track.wake = end;
    if (signal?.aborted || track.isWoken) end();
    else signal?.addEventListener("abort", end, { once: true });
  });
}

type Look = { readonly type: "ended"; readonly ended: Ended } | { readonly type: "going" };
const going: Look = { type: "going" };

/** Looks until the prompt has ended, one look per call. */
function createLooks({ finder, log }: FollowParts, track: Track, options: FollowOptions, reporter: Reporter) {
  const { promptId, signal, unreachableAfterMs = UNREACHABLE_AFTER_MS } = options;
  let notBefore = performance.now();
  let missing = 0;
  let lostAt: number | undefined;
  let isEndingRead = false;

  async function lookAtEnding(): Promise<Look> {
    isEndingRead = true;
    for (const delayMs of ENDING_LOOKS) {
      if (delayMs) await wait(delayMs, signal);
      const outcome = await finder.readHistory(promptId, signal);
      if (outcome) return { type: "ended", ended: outcome };
    }
    return going;
  }

  async function look(): Promise<Look> {
    const state = await finder.find(promptId, { notBefore, signal });
    if (state.type === "done") return { type: "ended", ended: state.outcome };
    missing = state.type === "unknown" ? missing + 1 : 0;
    if (state.type === "unknown") notBefore = performance.now();
    if (missing >= MISSING_LOOKS) return { type: "ended", ended: recall(track) };
    reporter.report(state);
    return going;
  }

  function lose(error: unknown): Look {
    signal?.throwIfAborted();
    if (!(error instanceof ComfyUiError) || error.code === "closed") throw error;
    const now = performance.now();
    if (lostAt === undefined)
      log.warn({ err: error, promptId }, "ComfyUI stopped answering while a prompt is followed.");
    lostAt ??= now;
    const sinceMs = Math.round(now - lostAt);
    reporter.lose(sinceMs);
    return now - lostAt < unreachableAfterMs ? going : { type: "ended", ended: { type: "unreachable", sinceMs } };
  }

  return async function lookOnce(): Promise<Look> {
    try {
      const seen = track.ending && !isEndingRead ? await lookAtEnding() : await look();
      if (lostAt !== undefined) reporter.regain();
      lostAt = undefined;
      return seen;
    } catch (error) {
      return lose(error);
    }
  };
}

/** @returns the function that follows one prompt to its end. Aborting its signal throws the signal's reason and leaves the prompt alone. */
export function createFollow(parts: FollowParts) {
  const { tracks, socket, timeouts, log } = parts;
  return async function follow(options: FollowOptions): Promise<Ended> {
    const { promptId, signal, onEvent, stalledAfterMs = STALLED_AFTER_MS } = options;
    signal?.throwIfAborted();
    const track = tracks.open(promptId);
    const release = socket.hold();
    const tell = (event: PromptEvent) => {
      try {
        onEvent?.(event);
      } catch (error) {
        log.warn({ err: error, promptId }, "A listener of prompt events threw.");
      }
    };
    track.onEvent = tell;
    if (track.progress.latest) tell({ type: "progress", ...track.progress.latest });
    const lookOnce = createLooks(parts, track, options, createReporter({ track, socket, tell, stalledAfterMs }));
    try {
      // A prompt that we just sent is surely there: the first look can wait for the socket.
      if (track.isOurs) await waitForWake(track, timeouts.pollMs, signal);
      for (;;) {
        signal?.throwIfAborted();
        const seen = await lookOnce();
        if (seen.type === "ended") return seen.ended;
        await waitForWake(track, timeouts.pollMs, signal);
      }
    } finally {
      release();
      tracks.close(promptId);
    }
  };
}
