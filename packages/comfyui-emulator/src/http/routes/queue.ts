import { parsePythonJson } from "../../python/parse-json.ts";
import { isPythonList, isPythonObject, isTruthy, type PythonJson, type PythonObject } from "../../python/values.ts";
import { type History, withoutSecrets } from "../../queue/history.ts";
import type { PromptQueue } from "../../queue/prompt-queue.ts";
import { toQueueEntry } from "../../queue/queue-item.ts";
import { AnswerError, empty, json, trouble } from "../answer.ts";
import { type EmulatorRequest, readJson, readJsonObject } from "../request.ts";
import type { Route } from "../router.ts";

export interface QueueRouteParts {
  readonly queue: PromptQueue;
  readonly history: History;
  readonly interrupt: () => void;
  readonly free: (wish: { unloadsModels: boolean; freesMemory: boolean }) => void;
  readonly isNewer: boolean;
}

export function queueRoutes(parts: QueueRouteParts): readonly Route[] {
  const { queue, history, interrupt, free, isNewer } = parts;
  const show = (items: PromptQueue["pending"]) =>
    items.map((item) => toQueueEntry(item, isNewer ? withoutSecrets(item.extraData) : item.extraData));
  return [
    {
      method: "GET",
      path: "/queue",
      handle: () => json({ queue_running: show(queue.running), queue_pending: show(queue.pending) }),
    },
    {
      method: "POST",
      path: "/queue",
      handle: async (request) => {
        const body = await readChange(request);
        if (isTruthy(body.clear)) queue.clear();
        for (const promptId of toIds(body.delete)) guard(() => queue.remove(promptId));
        return empty();
      },
    },
    {
      method: "POST",
      path: "/interrupt",
      handle: async (request) => {
        const body = toWish((await request.readBody()).toString("utf8"));
        const wanted = body.prompt_id;
        const isRunning = queue.running.some(({ promptId }) => promptId === wanted);
        if (!isTruthy(wanted) || isRunning) interrupt();
        return empty();
      },
    },
    {
      method: "POST",
      path: "/free",
      handle: async (request) => {
        const body = await readJsonObject(request);
        free({ unloadsModels: isTruthy(body.unload_models), freesMemory: isTruthy(body.free_memory) });
        return empty();
      },
    },
    {
      method: "GET",
      path: "/history",
      handle: ({ query }) => json(history.page(toCount(query.get("max_items")), toCount(query.get("offset")))),
    },
    {
      method: "GET",
      path: "/history/{prompt_id}",
      handle: ({ params: { prompt_id = "" } }) => {
        const entry = history.entries.get(prompt_id);
        return json(entry === undefined ? {} : new Map([[prompt_id, entry]]));
      },
    },
    {
      method: "POST",
      path: "/history",
      handle: async (request) => {
        const body = await readChange(request);
        if (isTruthy(body.clear)) history.clear();
        for (const promptId of toIds(body.delete)) history.remove(promptId);
        return empty();
      },
    },
  ];
}

/** Python looks for "clear" and "delete" in lists and text as well, and finds nothing to do. */
async function readChange(request: EmulatorRequest): Promise<PythonObject> {
  const body = await readJson(request);
  if (isPythonList(body) || typeof body === "string") return {};
  if (!isPythonObject(body)) throw new AnswerError(trouble());
  return body;
}

/** Text is walked letter by letter, as Python walks it: no id matches, nobody complains. */
function toIds(wanted: PythonJson | undefined): readonly string[] {
  if (wanted === undefined) return [];
  if (typeof wanted === "string") return [...wanted];
  if (isPythonList(wanted)) return wanted.filter((id) => typeof id === "string");
  if (isPythonObject(wanted)) return Object.keys(wanted);
  throw new AnswerError(trouble());
}

/** No body, and what is no JSON, means "whatever runs". JSON that is no object is the one thing that fails. */
function toWish(text: string): PythonObject {
  let body: PythonJson;
  try {
    body = parsePythonJson(text);
  } catch {
    return {};
  }
  if (!isPythonObject(body)) throw new AnswerError(trouble());
  return body;
}

function toCount(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (!/^\s*[+-]?\d+\s*$/.test(value)) throw new AnswerError(trouble());
  return Number(value);
}

/** Items that cannot be ordered make the heap fail half-way. */
function guard(work: () => void): void {
  try {
    work();
  } catch (error) {
    throw error instanceof TypeError ? new AnswerError(trouble()) : error;
  }
}
