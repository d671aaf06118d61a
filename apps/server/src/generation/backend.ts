import type { Graph } from "@comfy/comfyui-contract";
import type { JobProgress } from "@comfy/contracts";
import type { Inventory } from "@comfy/workflows";

/** A file that a render made and that is still on the backend. */
export interface RenderedFile {
  readonly node: string;
  /** Place among the files of its node. */
  readonly index: number;
  readonly name: string;
  /** How the backend finds it; opaque elsewhere. */
  readonly reference: Readonly<Record<string, string>>;
}

/** Why an attempt came to nothing, though nothing is wrong with the job. */
export type LostCause =
  /** Another boot of the backend answers: it has forgotten the prompt. */
  | "backend_died"
  /** The same boot knew the prompt and does not any more. */
  | "vanished"
  /** The request certainly did not reach it, or was never queued: nothing ran. */
  | "never_arrived"
  /** Its worker is dead behind a port that still answers, or was silent for too long. */
  | "stalled";

/** What became of one attempt. */
export type RenderOutcome =
  | { readonly type: "succeeded"; readonly files: readonly RenderedFile[] }
  /** A node raised, or the graph was refused: trying again gives the same. */
  | { readonly type: "failed"; readonly message: string; readonly details: unknown }
  /**
   * The caller's abort was honoured, or somebody interrupted it. Not settled: it may still run there, or appear, and is to be
   * abandoned later.
   */
  | { readonly type: "interrupted"; readonly isSettled: boolean }
  /** It may be dispatched again. */
  | { readonly type: "lost"; readonly cause: LostCause; readonly message: string }
  | { readonly type: "out_of_memory"; readonly message: string }
  /** The caller let go through `detach`: the prompt goes on. */
  | { readonly type: "detached" }
  /** Not reachable for longer than the adapter waits: the prompt may still be running there. */
  | { readonly type: "unreachable"; readonly message: string };

export interface BackendStatus {
  readonly isReachable: boolean;
  readonly latencyMs: number;
  readonly name?: string;
  readonly isSimulated?: boolean;
  readonly version?: string;
  readonly vramTotalBytes?: number;
  readonly vramFreeBytes?: number;
}

/** How far a render is; `value` never falls. */
export interface RenderProgress extends JobProgress {
  /** Seconds until it ends, as far as anybody can tell from its pace and from earlier runs. */
  readonly etaSeconds?: number;
}

/** A picture of the work so far. */
export interface RenderPreview {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export interface RenderOptions {
  /** The attempt's id; a canonical lowercase UUID. */
  readonly promptId: string;
  readonly onProgress: (progress: RenderProgress) => void;
  /** At most once a second. Without it the backend is asked for no previews. */
  readonly onPreview?: (preview: RenderPreview) => void;
  /** Called once, when it has begun to run: until then it waits behind others. */
  readonly onRunning?: () => void;
  /** The nodes whose files are the result: when all of them were heard of, nothing needs to be looked up. */
  readonly outputNodes?: readonly string[];
  /** The boot it was sent to: another boot has certainly forgotten it. */
  readonly backendEpoch?: string;
  /** Aborting cancels the prompt on the backend, by id, and gives `interrupted`. */
  readonly signal: AbortSignal;
  /** Aborting stops following, leaves the prompt alone and gives `detached`: the next worker takes it up with `resume`. */
  readonly detach: AbortSignal;
}

/** Something that renders graphs: a ComfyUI server. */
export interface Backend {
  /** A label or a hash of its address; never a position. */
  readonly id: string;
  /** Renders it may be given at once. */
  readonly slots: number;
  /** What it offers of these node classes. Throws AppError `no_backend` when it cannot be asked. */
  readInventory(classes: readonly string[], signal: AbortSignal): Promise<Inventory>;
  /** Marks this boot: another text after each restart of the backend. Remembered while the connection stands. */
  readEpoch(signal: AbortSignal): Promise<string>;
  /** Puts an input file there and gives the name that graphs use for it. */
  upload(
    file: { readonly name: string; readonly body: AsyncIterable<Uint8Array>; readonly sizeBytes: number },
    signal: AbortSignal,
  ): Promise<string>;
  /**
   * Sends a graph and follows it to its end.
   * @param options.onSent awaited before the request leaves, which it prevents by throwing
   * @param options.assertMaySend called in the very moment before it leaves, after all waits; throwing prevents it too
   * @param options.onAccepted called once the backend has queued it
   */
  render(
    options: RenderOptions & {
      readonly graph: Graph;
      readonly labels: Readonly<Record<string, string>>;
      readonly onSent?: () => Promise<void>;
      readonly assertMaySend?: () => void;
      readonly onAccepted: () => Promise<void>;
    },
  ): Promise<RenderOutcome>;
  /**
   * Takes up a prompt that an earlier process sent.
   * @param options.isAcked whether the backend is known to have queued it; otherwise a request may still be under way there
   */
  resume(options: RenderOptions & { readonly isAcked?: boolean }): Promise<RenderOutcome>;
  /**
   * Gets rid of a prompt that nobody waits for any more: takes it out of the queue, or interrupts it, by its id. `settled`: it has ended
   * or can never run (another boot has forgotten it). `unsettled`: it may still run or appear; abandon it again later.
   * Throws AppError `no_backend` when the backend cannot be asked.
   */
  abandon(prompt: {
    readonly promptId: string;
    readonly backendEpoch: string;
    readonly signal: AbortSignal;
  }): Promise<"settled" | "unsettled">;
  /** Unloads models and drops cached results, after what runs now. Throws AppError `no_backend` when it cannot be asked. */
  free(signal: AbortSignal): Promise<void>;
  /** False while its worker is taken for dead behind a port that answers: give it nothing. Asks nobody. */
  isWorking(): boolean;
  /** @throws AppError `output_unavailable` when the file is gone. */
  open(file: RenderedFile, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Never throws: an unreachable backend is an answer. */
  readStatus(signal: AbortSignal): Promise<BackendStatus>;
  close(): Promise<void>;
}
