import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Knocks } from "../jobs/knocks.ts";
import type { Lifecycle } from "../lifecycle.ts";
import type { Log } from "../log.ts";

/** What every part of the service is built on. */
export interface Ground {
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  readonly lifecycle: Lifecycle;
  readonly version: string;
  /** Names this process in leases. */
  readonly holder: string;
  /** Given from outside, it stands in for the queue of the configuration. */
  readonly knocks?: Knocks;
  /** Where callers reach the service; known once it listens. */
  readonly publicUrl: () => string;
  /** That address and every other one it answers at. */
  readonly publicUrls: () => readonly string[];
}
