import {
  execInfo,
  modelNames,
  type NodeInfo,
  objectInfo as objectInfoSchema,
  type QueueItem,
  queueSnapshot,
  type SystemStats,
  systemStats as systemStatsSchema,
} from "@comfy/comfyui-contract";
import { toStatusError } from "./errors.ts";
import { type Http, parseAnswer } from "./http.ts";

/** Each request lists the choices of one class; a server on two cores answers them one after the other anyway. */
const PARALLEL = 4;

export interface FreeOptions {
  readonly unloadModels?: boolean;
  /** Also drops the cache of results. */
  readonly freeMemory?: boolean;
}

export function createDiscovery(http: Http) {
  async function readClass(name: string, signal: AbortSignal | undefined): Promise<NodeInfo | undefined> {
    const path = `/object_info/${encodeURIComponent(name)}`;
    const answer = await http.read(objectInfoSchema, { method: "GET", path, signal });
    return Object.hasOwn(answer, name) ? answer[name] : undefined;
  }

  return {
    /** What the server says about node classes. One that is not installed is absent from the answer. */
    async objectInfo(classes: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, NodeInfo>> {
      const found = new Map<string, NodeInfo>();
      const names = [...new Set(classes)];
      const work = names.values();
      const readNext = async () => {
        for (const name of work) {
          const info = await readClass(name, signal);
          if (info) found.set(name, info);
        }
      };
      await Promise.all(Array.from({ length: Math.min(PARALLEL, names.length) }, readNext));
      return found;
    },

    systemStats(signal?: AbortSignal): Promise<SystemStats> {
      return http.read(systemStatsSchema, { method: "GET", path: "/system_stats", signal });
    },

    /** Files of a model folder (`checkpoints`, `loras`, `unet_gguf`...); undefined when the server has no such folder. */
    async models(folder: string, signal?: AbortSignal): Promise<readonly string[] | undefined> {
      const path = `/models/${encodeURIComponent(folder)}`;
      const { status, text } = await http.send({ method: "GET", path, signal });
      if (status === 404) return undefined;
      if (status !== 200) throw toStatusError(status, `GET ${path}`, text);
      return parseAnswer(modelNames, text, `GET ${path}`);
    },

    /** Prompts that wait or run, of everybody. */
    async queueRemaining(signal?: AbortSignal): Promise<number> {
      const info = await http.read(execInfo, { method: "GET", path: "/prompt", signal });
      return info.exec_info.queue_remaining;
    },

    /** The ids of what runs and of what waits, of everybody. The answer holds all their graphs: not for a rhythm. */
    async queue(
      signal?: AbortSignal,
    ): Promise<{ readonly running: readonly string[]; readonly pending: readonly string[] }> {
      const snapshot = await http.read(queueSnapshot, { method: "GET", path: "/queue", signal });
      const toIds = (items: readonly QueueItem[]) => items.map((item) => String(item[1]));
      return { running: toIds(snapshot.queue_running), pending: toIds(snapshot.queue_pending) };
    },

    /** Frees memory after the prompt that runs now, or at once when none does. */
    async free({ unloadModels = true, freeMemory = false }: FreeOptions = {}, signal?: AbortSignal): Promise<void> {
      const body = JSON.stringify({ unload_models: unloadModels, free_memory: freeMemory });
      const { status, text } = await http.send({ method: "POST", path: "/free", body, signal });
      if (status !== 200) throw toStatusError(status, "POST /free", text);
    },
  };
}
