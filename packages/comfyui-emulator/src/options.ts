import type { CachePolicy } from "./execution/cache.ts";
import type { FaultChange } from "./faults/fault-state.ts";
import type { PretendModels } from "./files/models.ts";
import type { ExtraNode } from "./graph/catalogue.ts";
import type { ProfileName } from "./profiles/profile.ts";

export type PreviewMethod = "none" | "auto" | "latent2rgb" | "taesd";

export interface EmulatorOptions {
  /** 0 (the default) takes a free port. */
  readonly port?: number;
  /** `127.0.0.1` by default. */
  readonly host?: string;
  /** Holds `input/ output/ temp/ models/ user/`. Without one a temporary folder is made, and removed by `close`. */
  readonly baseDirectory?: string;
  /** `0.3.64` by default. */
  readonly profile?: ProfileName;
  /** Simulated durations are divided by this. 1 by default: all four demo kinds take a few seconds. Infinity waits for nothing. */
  readonly speed?: number;
  /** How long one sampler step takes at speed 1, in milliseconds. 80 by default. */
  readonly stepMs?: number;
  /** `latent2rgb` by default: samplers send pictures of their progress. */
  readonly previewMethod?: PreviewMethod;
  readonly cache?: CachePolicy;
  /** Model files that exist in name only, by folder key. */
  readonly models?: PretendModels;
  /** What goes wrong from the start. */
  readonly faults?: FaultChange;
  /** `--enable-cors-header`; without it foreign origins are refused. */
  readonly corsOrigin?: string;
  /** `--max-upload-size` in MB. 100 by default. */
  readonly maxUploadMegabytes?: number;
  /** One JSON line per accepted prompt and per finished render is appended here. */
  readonly logFile?: string;
  /** Further node classes. */
  readonly extraNodes?: readonly ExtraNode[];
  /** Told about what goes wrong inside, one sentence each. Silent by default. */
  readonly onTrouble?: (message: string) => void;
}
