import { isPythonObject, type PythonJson } from "../python/values.ts";
import { type QueueItem, toQueueEntry } from "./queue-item.ts";

/** Trimmed before insertion when there are more: up to one beyond this is shown. */
const ENTRIES_MAX = 10_000;
/** Keys of `extra_data` that never reach history. */
const SECRETS = ["auth_token_comfy_org", "api_key_comfy_org"];

/** How a run ended. */
export interface RunStatus {
  readonly status_str: "success" | "error";
  readonly completed: boolean;
  readonly messages: readonly (readonly [string, unknown])[];
}

/** What a run left behind. */
export interface RunRecord {
  readonly status: RunStatus;
  /** By node id: lists by key. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly meta: Readonly<Record<string, unknown>>;
}

export interface HistoryEntry extends RunRecord {
  readonly prompt: readonly unknown[];
}

/** Finished prompts, oldest first. A repeated id keeps its place and shows the later run. */
export interface History {
  readonly entries: ReadonlyMap<string, HistoryEntry>;
  add(item: QueueItem, record: RunRecord): void;
  /** The newest `maxItems`, or those after the `offset` oldest. */
  page(maxItems: number | undefined, offset: number | undefined): ReadonlyMap<string, HistoryEntry>;
  remove(promptId: string): void;
  clear(): void;
}

export function createHistory(): History {
  const entries = new Map<string, HistoryEntry>();
  return {
    entries,
    add(item, { status, outputs, meta }) {
      const [oldest] = entries.keys();
      if (entries.size > ENTRIES_MAX && oldest !== undefined) entries.delete(oldest);
      entries.set(item.promptId, { prompt: toQueueEntry(item, withoutSecrets(item.extraData)), outputs, status, meta });
    },
    page(maxItems, offset = -1) {
      if (maxItems === undefined && offset < 0) return entries;
      const start = offset < 0 && maxItems !== undefined ? Math.max(0, entries.size - maxItems) : Math.max(0, offset);
      const end = maxItems === undefined ? entries.size : start + Math.max(0, maxItems);
      return new Map([...entries].slice(start, end));
    },
    remove: (promptId) => void entries.delete(promptId),
    clear: () => entries.clear(),
  };
}

export function withoutSecrets(extraData: PythonJson): PythonJson {
  if (!isPythonObject(extraData)) return extraData;
  return Object.fromEntries(Object.entries(extraData).filter(([key]) => !SECRETS.includes(key)));
}
