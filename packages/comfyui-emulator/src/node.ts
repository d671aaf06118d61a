/**
 * The seam between the protocol (queue, validation, execution) and what the node classes do. The executor resolves
 * links, fills hidden values and calls `run`; a class knows nothing of HTTP.
 */

/**
 * A value on a link or a constant: whatever the producing class put there. Constants of type FLOAT are numbers; a class
 * that puts out a FLOAT makes it a `PythonFloat`, because text nodes print `4.0` where an INT is `4`.
 */
export type NodeValue = unknown;

/** The inputs of one node: constants as validated (64-bit integers may be bigint), links replaced by their values. */
export type NodeInputs = Readonly<Record<string, NodeValue>>;

/** A file as `history` and `executed` messages name it. */
export interface FileReference {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: "output" | "temp" | "input";
  /** On newer servers only. */
  readonly id?: string;
}

/** A free place for numbered files, found by prefix. */
export interface FilePlace {
  readonly type: "output" | "temp";
  readonly subfolder: string;
  /** The last part of the prefix. */
  readonly filename: string;
  /** The first number not taken by any file with this prefix. */
  readonly counter: number;
  /** The absolute path of the folder, as VHS reports it. */
  readonly folder: string;
  /** The names of the files that are there already. */
  readonly taken: readonly string[];
}

export interface NodeFiles {
  /** Reads an input file by its annotated name (`a.png`, `sub/a.png`, `a.png [output]`). Missing files throw. */
  read(annotatedName: string): Promise<Uint8Array>;
  /**
   * Finds where files of a prefix go: `%width%`-like words replaced, subfolders made.
   * @throws NodeError when the prefix leaves the folder.
   */
  place(prefix: string, type: "output" | "temp", size?: { width: number; height: number }): Promise<FilePlace>;
  /** Writes one file into a place and names it. */
  write(place: FilePlace, filename: string, bytes: Uint8Array): Promise<FileReference>;
}

/** A picture of work in progress, sent to clients that watch. */
export interface Preview {
  readonly mediaType: "image/jpeg" | "image/png";
  readonly bytes: Uint8Array;
}

export interface NodeContext {
  readonly nodeId: string;
  readonly promptId: string;
  /** The whole graph that is being run, for metadata. */
  readonly prompt: unknown;
  /** `extra_data.extra_pnginfo` of the request: keys become metadata of saved files. */
  readonly extraPngInfo: Readonly<Record<string, unknown>> | undefined;
  readonly files: NodeFiles;
  /** True when previews are wanted (`--preview-method`): computing them costs time. */
  readonly wantsPreviews: boolean;
  /** Aborted when the server stops. An interrupt does not reach into a node: only `progress` notices it. */
  readonly signal: AbortSignal;
  /** Reports progress; throws when the prompt was interrupted. */
  progress(value: number, max: number, preview?: Preview): Promise<void>;
  /** Sends a text message about this node to clients that watch. */
  text(message: string): void;
  /** Spends simulated time. Like real computation it is deaf to interrupts; it throws when the server stops. */
  work(milliseconds: number): Promise<void>;
}

export interface NodeResult {
  /** One value per output slot, in the order of object_info. */
  readonly outputs: readonly NodeValue[];
  /** What history shows under this node: lists by key. */
  readonly ui?: Readonly<Record<string, readonly unknown[]>>;
  /** Replaces the node by a subgraph whose outputs become its own. */
  readonly expand?: { readonly graph: Readonly<Record<string, unknown>>; readonly outputs: readonly NodeValue[] };
  /** Stops everything downstream, silently or with a message. */
  readonly blocked?: { readonly message?: string };
}

export interface NodeClass {
  readonly classType: string;
  run(inputs: NodeInputs, context: NodeContext): Promise<NodeResult> | NodeResult;
  /** What the cache compares besides the inputs: a file's hash, or NaN for "always changed". */
  fingerprint?(inputs: NodeInputs, files: NodeFiles): Promise<string | number>;
  /** Inputs that `validate` answers for: limits and choices are not checked for them. */
  readonly validates?: readonly string[];
  /** An extra check at validation: true, or a sentence for `custom_validation_failed`. */
  validate?(inputs: NodeInputs, files: NodeFiles): Promise<true | string>;
}

/** An exception as Python would have raised it: `exception_type` and `exception_message` of `execution_error`. */
export class NodeError extends Error {
  readonly exceptionType: string;

  constructor(exceptionType: string, message: string) {
    super(message);
    this.name = "NodeError";
    this.exceptionType = exceptionType;
  }
}
