import type { Graph } from "@comfy/comfyui-contract";
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
  /** How long prompts may wait although nothing runs before a certain `stalled` event. Default 15 000. */
  readonly idleAfterMs?: number;
  /** The nodes whose outputs are wanted. When all of them were heard, nothing is looked up. Default: the nodes that no other node uses. */
  readonly outputNodes?: readonly string[];
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
const IDLE_AFTER_MS = 15_000;
const UNREACHABLE_AFTER_MS = 120_000;

/** What the socket said, for the rare case that history was cleared before anybody could read it. */
function recall(track: Track): Ended {
  const { ending, outputs } = track;
  if (ending?.type === "failed") return toFailure(ending.error, outputs);
  return ending ? { ...ending, outputs } : { type: "vanished" };
}

/** A wait that ends early, with true, when the socket says that the prompt ended, or is lost, or the caller leaves. */
function waitForWake(track: Track, delayMs: number, signal: AbortSignal | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (isWoken: boolean) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      track.wake = () => {};
      track.isWoken = false;
      resolve(isWoken);
    };
    const wake = () => end(true);
    const timer = setTimeout(() => end(false), delayMs);
    track.wake = wake;
    if (signal?.aborted || track.isWoken) wake();
    else signal?.addEventListener("abort", wake, { once: true });
  });
}

/** Waits as long as the prompt gives signs of life in time, and until it is woken. */
async function waitForWord(track: Track, restMs: () => number, signal: AbortSignal | undefined): Promise<void> {
  let since = performance.now();
  for (;;) {
    const isWoken = await waitForWake(track, Math.max(1, since + restMs() - performance.now()), signal);
    const heardAt = track.signAt ?? since;
    if (isWoken || heardAt <= since || performance.now() - heardAt >= restMs()) return;
    since = heardAt;
  }
}

const isLink = (value: unknown): value is [string, number] =>
  Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && typeof value[1] === "number";

/** The nodes that no other node uses: what the graph is for. */
function endsOf(graph: Graph): readonly string[] {
  const inputs = Object.values(graph).flatMap((node) => Object.values(node.inputs));
  const used = new Set(inputs.flatMap((value) => (isLink(value) ? [value[0]] : [])));
  return Object.keys(graph).filter((node) => !used.has(node));
}

/**
 * The outputs, when the socket told everything: it has stood since before the prompt was sent, and every wanted node has shown something.
 * A node whose result was cached may show nothing; then history knows.
 */
function readHeard(track: Track, connection: number | undefined, wanted: readonly string[] | undefined) {
  const { graph } = track.progress;
  if (track.ending?.type !== "succeeded" || graph === undefined) return undefined;
  if (track.connection === undefined || track.connection !== connection) return undefined;
  const nodes = wanted?.length ? wanted : endsOf(graph);
  const hasAll = nodes.length > 0 && nodes.every((node) => Object.keys(track.outputs[node] ?? {}).length > 0);
  return hasAll ? track.outputs : undefined;
}

type Look = { readonly type: "ended"; readonly ended: Ended } | { readonly type: "going" | "doubtful" };
const going: Look = { type: "going" };
/** The look failed, or did not find the prompt: the next one is due soon. */
const doubtful: Look = { type: "doubtful" };

/** Looks until the prompt has ended, one look per call. */
function createLooks({ finder, socket, log }: FollowParts, track: Track, options: FollowOptions, reporter: Reporter) {
  const { promptId, signal, unreachableAfterMs = UNREACHABLE_AFTER_MS } = options;
  let notBefore = performance.now();
  let missing = 0;
  let lostAt: number | undefined;
  let isEndingRead = false;

  async function lookAtEnding(): Promise<Look> {
    const outputs = readHeard(track, socket.connection, options.outputNodes);
    if (outputs) return { type: "ended", ended: { type: "succeeded", outputs } };
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
    return missing > 0 ? doubtful : going;
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
    return now - lostAt < unreachableAfterMs ? doubtful : { type: "ended", ended: { type: "unreachable", sinceMs } };
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
    const { promptId, signal, onEvent } = options;
    const { stalledAfterMs = STALLED_AFTER_MS, idleAfterMs = IDLE_AFTER_MS } = options;
    signal?.throwIfAborted();
    const track = tracks.open(promptId);
    const release = socket.hold();
    let isRunningTold = false;
    const tell = (event: PromptEvent) => {
      if (event.type === "running" && isRunningTold) return;
      isRunningTold ||= event.type === "running";
      try {
        onEvent?.(event);
      } catch (error) {
        log.warn({ err: error, promptId }, "A listener of prompt events threw.");
      }
    };
    track.onEvent = tell;
    if (track.isRunning) tell({ type: "running" });
    if (track.progress.latest) tell({ type: "progress", ...track.progress.latest });
    const lookOnce = createLooks(
      parts,
      track,
      options,
      createReporter({ track, socket, tell, stalledAfterMs, idleAfterMs }),
    );
    const isHeard = () => track.connection !== undefined && track.connection === socket.connection;
    let isDoubtful = false;
    const restMs = () => (isHeard() && !isDoubtful ? timeouts.quietMs : timeouts.pollMs);
    try {
      // A prompt that we just sent is surely there: the first look can wait for the socket.
      if (track.isOurs) await waitForWord(track, restMs, signal);
      for (;;) {
        signal?.throwIfAborted();
        const seen = await lookOnce();
        if (seen.type === "ended") return seen.ended;
        isDoubtful = seen.type === "doubtful";
        await waitForWord(track, restMs, signal);
      }
    } finally {
      release();
      tracks.close(promptId);
    }
  };
}
