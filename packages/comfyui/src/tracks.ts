import {
  EXECUTION_BLOCKED,
  type ExecutionError,
  type Graph,
  type Outputs,
  parseSocketMessage,
  type SocketMessage,
} from "@comfy/comfyui-contract";
import type { PromptEvent } from "./events.ts";
import { parseFrame } from "./frame.ts";
import { parseJson } from "./json.ts";
import { createProgressTracker, type ProgressTracker } from "./progress.ts";

/** How the socket says a prompt ended. History decides. */
export type Ending =
  | { readonly type: "succeeded" }
  | { readonly type: "interrupted"; readonly nodeId?: string }
  | { readonly type: "failed"; readonly error: ExecutionError };

/** What is known about one prompt from the socket. */
export interface Track {
  readonly promptId: string;
  readonly progress: ProgressTracker;
  /** What `executed` messages showed: used when history was cleared before we read it. */
  readonly outputs: Outputs;
  ending: Ending | undefined;
  /** When the last sign of life came, on the clock of `performance.now()`; undefined before the first. */
  signAt: number | undefined;
  /** Set by whoever follows. */
  onEvent: ((event: PromptEvent) => void) | undefined;
  /** True for a prompt that this client sent: its messages come to our socket. */
  isOurs: boolean;
  /** The connection that stood when it was sent: while it still stands, everything said about the prompt was heard. */
  connection: number | undefined;
  /** When it was sent, by this client. */
  sentAt: number | undefined;
  /** Whether it was heard to have begun. */
  isRunning: boolean;
  /** Called when something happened that is worth a look at the history; `isWoken` remembers a call that nobody waited for. */
  wake: () => void;
  isWoken: boolean;
}

/** Prompts that were sent but that nobody followed are forgotten beyond this number, oldest first. */
const TRACKS_MAX = 256;

export interface Tracks {
  /**
   * The track of a prompt, made when there is none. Open it before the prompt is sent: messages are never repeated.
   * @param graph given by whoever sends the prompt
   */
  open(promptId: string, graph?: Graph): Track;
  close(promptId: string): void;
  /** Whoever waits looks for himself: the socket is gone. */
  wakeAll(): void;
  hearText(text: string): void;
  hearBinary(bytes: Buffer): void;
}

const promptOf = (message: SocketMessage): string | undefined => {
  const { data } = message;
  return "prompt_id" in data && typeof data.prompt_id === "string" ? data.prompt_id : undefined;
};

const endingOf = (message: SocketMessage): Ending | undefined => {
  switch (message.type) {
    case "execution_success":
      return { type: "succeeded" };
    case "execution_interrupted":
      return { type: "interrupted", ...(message.data.node_id ? { nodeId: message.data.node_id } : {}) };
    case "execution_error":
      // A blocked branch: the rest of the graph goes on.
      if (message.data.exception_type === EXECUTION_BLOCKED) return undefined;
      return { type: "failed", error: message.data };
    default:
      return undefined;
  }
};

function wake(track: Track): void {
  track.isWoken = true;
  track.wake();
}

const createTrack = (promptId: string, graph: Graph | undefined): Track => ({
  promptId,
  progress: createProgressTracker(graph),
  outputs: {},
  ending: undefined,
  signAt: undefined,
  onEvent: undefined,
  isOurs: graph !== undefined,
  connection: undefined,
  sentAt: undefined,
  isRunning: false,
  wake() {},
  isWoken: false,
});

export function createTracks(): Tracks {
  const tracks = new Map<string, Track>();
  // A plain preview names nobody: it belongs to the prompt that last spoke, ours or a stranger's.
  let speaking: string | undefined;

  function hear(track: Track, message: SocketMessage): void {
    track.signAt = performance.now();
    if (!track.isRunning) track.onEvent?.({ type: "running" });
    track.isRunning = true;
    if (message.type === "executed") track.outputs[message.data.node] = message.data.output;
    const progress = track.progress.apply(message);
    if (progress) track.onEvent?.({ type: "progress", ...progress });
    const ending = endingOf(message);
    if (ending) track.ending = ending;
    const isClosing = message.type === "executing" && message.data.node === null;
    if (!ending && !isClosing) return;
    wake(track);
  }

  return {
    open(promptId, graph) {
      const existing = tracks.get(promptId);
      if (existing) {
        if (graph) {
          existing.progress.setGraph(graph);
          existing.isOurs = true;
        }
        return existing;
      }
      const track = createTrack(promptId, graph);
      tracks.set(promptId, track);
      const unfollowed = tracks.size > TRACKS_MAX ? [...tracks.values()].find((old) => !old.onEvent) : undefined;
      if (unfollowed) tracks.delete(unfollowed.promptId);
      return track;
    },
    close(promptId) {
      tracks.delete(promptId);
    },
    wakeAll() {
      for (const track of tracks.values()) wake(track);
    },
    hearText(text) {
      let value: unknown;
      try {
        value = parseJson(text);
      } catch {
        return;
      }
      const message = parseSocketMessage(value);
      const promptId = message && promptOf(message);
      if (!message || !promptId) return;
      speaking = promptId;
      const track = tracks.get(promptId);
      if (track) hear(track, message);
    },
    hearBinary(bytes) {
      const frame = parseFrame(bytes);
      if (!frame) return;
      const promptId = frame.type === "preview" ? (frame.promptId ?? speaking) : speaking;
      const track = promptId === undefined ? undefined : tracks.get(promptId);
      if (!track) return;
      track.signAt = performance.now();
      if (frame.type === "text") track.onEvent?.(frame);
      else track.onEvent?.({ type: "preview", mediaType: frame.mediaType, bytes: frame.bytes });
    },
  };
}
