import type { Catalogue } from "../graph/catalogue.ts";
import type { NodeFiles } from "../node.ts";
import type { PythonJson, PythonObject } from "../python/values.ts";
import type { QueueItem } from "../queue/queue-item.ts";
import type { Announcer } from "./announcer.ts";
import type { ResultCache } from "./cache.ts";

/** Lets tests and demos disturb a node before it runs: wait, or throw in its name. */
export type Interference = (classType: string, signal: AbortSignal) => Promise<void>;

export interface ExecutorParts {
  readonly catalogue: Catalogue;
  readonly cache: ResultCache;
  readonly files: NodeFiles;
  readonly announcer: Announcer;
  readonly interfere: Interference;
  /** Simulated durations are divided by this; Infinity spends none. */
  readonly speed: number;
  /** Whether a prompt gets previews. */
  readonly wantsPreviews: (extraData: PythonJson) => boolean;
}

export interface RunWish {
  readonly item: QueueItem;
  readonly extraData: PythonObject;
  readonly signal: AbortSignal;
  readonly isInterrupted: () => boolean;
}
