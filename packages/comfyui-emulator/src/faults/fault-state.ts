import * as z from "zod";

/** How often a fault strikes; without it until it is lifted. */
const times = z.int().positive().optional();
/** A path prefix (`/prompt`, `/view`); without it every path. */
const path = z.string().startsWith("/").optional();
const method = z.string().toUpperCase().optional();

export const faultSettings = z.strictObject({
  /** The worker thread dies of the next prompt: it stays in `queue_running`, everything behind it waits for ever. */
  workerDeath: z.boolean(),
  /** WebSockets stay open, but no message arrives any more. */
  silentSockets: z.boolean(),
  /** The end of an old socket unregisters a newer one with the same client id, as ComfyUI does. On by default. */
  reconnectHazard: z.boolean(),
  /** Before it runs, a node waits this long (real milliseconds, deaf to interrupts). Without a class every node. */
  slowNode: z.strictObject({ classType: z.string().optional(), delayMs: z.int().min(0), times }).nullable(),
  /** A class runs out of GPU memory. */
  outOfMemory: z.strictObject({ classType: z.string().default("KSampler"), times }).nullable(),
  /** A class raises a Python exception. */
  nodeError: z
    .strictObject({
      classType: z.string(),
      exceptionType: z.string().default("RuntimeError"),
      message: z.string().default("a fault asked for this error"),
      times,
    })
    .nullable(),
  /** Requests are answered with an error instead of being handled. */
  httpErrors: z.strictObject({ path, method, status: z.int().min(400).max(599).default(500), times }).nullable(),
  /** Requests are accepted and never answered, nor handled. */
  hang: z.strictObject({ path, method, times }).nullable(),
  /** Requests are handled, but the connection is cut before the answer. */
  lostAnswer: z.strictObject({ path, method, times }).nullable(),
  /** These model files are gone: from the lists, and when they are loaded. */
  missingModels: z.array(z.string()),
  /** How long the history entry lags behind `execution_success`. */
  historyLagMs: z.int().min(0),
});

export type FaultSettings = z.infer<typeof faultSettings>;

/** A change: any subset of the settings, and things that happen once. */
export const faultChange = faultSettings.partial().extend({
  /** Lifts everything first. */
  reset: z.literal(true).optional(),
  /** Cuts every WebSocket now. */
  dropSockets: z.literal(true).optional(),
  /** Forgets everything and starts anew on the same port, after staying away for a while. */
  restart: z.union([z.literal(true), z.strictObject({ downMs: z.int().min(0).max(600_000) })]).optional(),
});

export type FaultChange = z.input<typeof faultChange>;

export const NO_FAULTS: FaultSettings = {
  workerDeath: false,
  silentSockets: false,
  reconnectHazard: true,
  slowNode: null,
  outOfMemory: null,
  nodeError: null,
  httpErrors: null,
  hang: null,
  lostAnswer: null,
  missingModels: [],
  historyLagMs: 0,
};
