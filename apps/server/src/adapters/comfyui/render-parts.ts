import type { ComfyUi } from "@comfy/comfyui";
import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import type { WorkerWatch } from "./worker-watch.ts";

export interface RenderBounds {
  /** How long a server may be out of reach before its prompt is given to another. */
  readonly unreachableAfterMs: number;
  /** How long a running prompt may be silent before its server's worker is taken for dead. */
  readonly stalledAfterMs: number;
  /** How long prompts may wait although nothing runs. */
  readonly idleAfterMs: number;
  /** How long a prompt that may have been sent is looked for. */
  readonly graceMs: number;
  /** How long a cancelled prompt is waited for; afterwards it is somebody's to abandon. */
  readonly cancelMs: number;
}

export interface RenderParts {
  readonly comfy: ComfyUi;
  readonly watch: WorkerWatch;
  readonly log: Log;
  readonly clock: Clock;
  readonly bounds: RenderBounds;
}
