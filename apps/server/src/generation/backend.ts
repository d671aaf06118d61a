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

/** What became of one attempt. */
export type RenderOutcome =
  | { readonly type: "succeeded"; readonly files: readonly RenderedFile[] }
  /** A node raised, or the graph was refused: trying again gives the same. */
  | { readonly type: "failed"; readonly message: string; readonly details: unknown }
  /** The caller's abort was honoured, or somebody interrupted it. */
  | { readonly type: "interrupted" }
  /** The backend was restarted or forgot the prompt: it may be dispatched again. */
  | { readonly type: "lost"; readonly message: string }
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

export interface RenderOptions {
  /** The attempt's id; a canonical lowercase UUID. */
  readonly promptId: string;
  readonly onProgress: (progress: JobProgress) => void;
  /** Aborting cancels the prompt on the backend, by id, and gives `interrupted`. */
  readonly signal: AbortSignal;
  /** Aborting stops following, leaves the prompt alone and gives `detached`: the next worker takes it up with `resume`. */
  readonly detach: AbortSignal;
}

/** Something that renders graphs: a ComfyUI server. */
export interface Backend {
  /** A label or a hash of its address; never a position. */
  readonly id: string;
  /** What it offers of these node classes. Throws AppError `no_backend` when it cannot be asked. */
  readInventory(classes: readonly string[], signal: AbortSignal): Promise<Inventory>;
  /** Marks this boot: another text after each restart of the backend. */
  readEpoch(signal: AbortSignal): Promise<string>;
  /** Puts an input file there and gives the name that graphs use for it. */
  upload(
    file: { readonly name: string; readonly body: AsyncIterable<Uint8Array>; readonly sizeBytes: number },
    signal: AbortSignal,
  ): Promise<string>;
  /**
   * Sends a graph and follows it to its end.
   * @param options.onSent called right before the request leaves, `onAccepted` once the backend has queued it
   */
  render(
    options: RenderOptions & {
      readonly graph: Graph;
      readonly labels: Readonly<Record<string, string>>;
      readonly onSent: () => Promise<void>;
      readonly onAccepted: () => Promise<void>;
    },
  ): Promise<RenderOutcome>;
  /**
   * Takes up a prompt that an earlier process sent.
   * @param options.backendEpoch the boot it was sent to: another boot has certainly forgotten it
   */
  resume(options: RenderOptions & { readonly backendEpoch?: string }): Promise<RenderOutcome>;
  /** @throws AppError `output_unavailable` when the file is gone. */
  open(file: RenderedFile, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Never throws: an unreachable backend is an answer. */
  readStatus(signal: AbortSignal): Promise<BackendStatus>;
  close(): Promise<void>;
}
