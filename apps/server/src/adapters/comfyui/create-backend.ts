import { createHash } from "node:crypto";
import { ComfyUiError, createComfyUi, type Timeouts, toInputName } from "@comfy/comfyui";
import type { Clock } from "../../clock.ts";
import { AppError } from "../../errors.ts";
import type { Backend } from "../../generation/backend.ts";
import type { Log } from "../../log.ts";
import { wasRestarted } from "./look-for.ts";
import { createOpenOutput } from "./open-output.ts";
import { createOutputMemory, type OutputMemory } from "./output-memory.ts";
import { readStatus } from "./read-status.ts";
import { createRender } from "./render.ts";
import type { RenderBounds } from "./render-parts.ts";
import { createWorkerWatch } from "./worker-watch.ts";

/** Our inputs stay apart from what people put into the server's input folder. */
const INPUT_FOLDER = "comfy-service";

const defaultBounds: RenderBounds = {
  unreachableAfterMs: 120_000,
  // Some samplers report nothing for minutes; a worker thread that died reports nothing for ever.
  stalledAfterMs: 600_000,
  // Between two prompts a worker collects garbage for a moment, no longer.
  idleAfterMs: 15_000,
  // A request whose answer was lost is still being validated; hashing a long video takes a while.
  graceMs: 15_000,
  cancelMs: 10_000,
};

export interface ComfyUiBackendOptions extends Partial<RenderBounds> {
  readonly url: string;
  /** Names the backend in the database and in logs. Without one its id is a hash of the address. */
  readonly label?: string;
  /** For a proxy in front of the server; sent with every request and with the socket. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Renders it is given at once. A server runs one after the other, so more than one only fills its queue. Default 1. */
  readonly slots?: number;
  /** Rhythms of the client, in milliseconds. */
  readonly timeouts?: Partial<Timeouts>;
  /** Where small outputs are gathered; to be shared by all backends of a process. One of its own by default. */
  readonly memory?: OutputMemory;
  readonly log: Log;
  readonly clock: Clock;
}

/** The same for `http://gpu:8188` and `http://gpu:8188/`; credentials in the address do not count. */
function toBackendId(url: string): string {
  const { origin, pathname } = new URL(url);
  const address = `${origin}${pathname.replace(/\/+$/, "")}`;
  return `comfyui-${createHash("sha256").update(address).digest("hex").slice(0, 12)}`;
}

/** A ComfyUI server as a backend. Its errors become ours here. */
export function createComfyUiBackend(options: ComfyUiBackendOptions): Backend {
  const { url, label, headers = {}, slots = 1, timeouts, memory = createOutputMemory(), clock } = options;
  const id = label ?? toBackendId(url);
  const log = options.log.with({ backendId: id });
  const comfy = createComfyUi({ url, headers, log, ...(timeouts && { timeouts }) });
  const watch = createWorkerWatch({ comfy, log });
  const bounds: RenderBounds = {
    unreachableAfterMs: options.unreachableAfterMs ?? defaultBounds.unreachableAfterMs,
    stalledAfterMs: options.stalledAfterMs ?? defaultBounds.stalledAfterMs,
    idleAfterMs: options.idleAfterMs ?? defaultBounds.idleAfterMs,
    graceMs: options.graceMs ?? defaultBounds.graceMs,
    cancelMs: options.cancelMs ?? defaultBounds.cancelMs,
  };
  return {
    id,
    slots,
    ...createRender({ comfy, watch, log, clock, bounds }),
    isWorking: watch.isWorking,
    async abandon({ promptId, backendEpoch, signal }) {
      const cancelled = await reached(comfy.cancel({ promptId, signal }), signal);
      if (cancelled.type === "done" || cancelled.type === "dequeued") return "settled";
      // Unknown may only mean "not yet", unless this is another boot.
      const isForgotten =
        cancelled.type === "unknown" && (await reached(wasRestarted({ comfy }, backendEpoch, signal), signal));
      return isForgotten ? "settled" : "unsettled";
    },
    free: (signal) => reached(comfy.free({ unloadModels: true, freeMemory: true }, signal), signal),
    async readInventory(classes, signal) {
      const found = await reached(comfy.objectInfo(classes, signal), signal);
      return Object.fromEntries(found);
    },
    readEpoch: (signal) => reached(comfy.bootEpoch(signal), signal),
    async upload(file, signal) {
      const stored = await reached(comfy.upload({ ...file, subfolder: INPUT_FOLDER, signal }), signal);
      return toInputName(stored);
    },
    open: createOpenOutput(comfy, memory),
    readStatus: (signal) => readStatus(comfy, clock, signal),
    async close() {
      await watch.close();
      await comfy.close();
    },
  };
}

/** What must work before anything is sent; when it does not, the job waits. */
async function reached<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  try {
    return await promise;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ComfyUiError)) throw error;
    throw new AppError("no_backend", error.publicMessage, { cause: error });
  }
}
