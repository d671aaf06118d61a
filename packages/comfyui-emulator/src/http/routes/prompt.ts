import { ValidationException } from "../../graph/prompt-errors.ts";
import { type ValidationParts, validatePrompt } from "../../graph/validation.ts";
import { ConversionError, toPythonFloat } from "../../python/convert.ts";
import { toPythonText } from "../../python/print-value.ts";
import {
  isPythonList,
  isPythonObject,
  isTruthy,
  type PythonFloat,
  type PythonJson,
  type PythonObject,
} from "../../python/values.ts";
import type { PromptQueue } from "../../queue/prompt-queue.ts";
import type { QueueItem } from "../../queue/queue-item.ts";
import type { RenderLog } from "../../queue/render-log.ts";
import { type Answer, AnswerError, json, trouble } from "../answer.ts";
import { readJson } from "../request.ts";
import type { Route } from "../router.ts";

export interface PromptRouteParts {
  readonly queue: PromptQueue;
  readonly validation: ValidationParts;
  readonly log: RenderLog;
  readonly isNewer: boolean;
}

/** The canonical form: lowercase, with hyphens. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function promptRoutes(parts: PromptRouteParts): readonly Route[] {
  const { queue, validation, log, isNewer } = parts;
  // Counts every request without a number of its own, refused ones too.
  let counter = 0;

  async function submit(body: PythonObject): Promise<Answer> {
    const number = takeNumber(body);
    if (body.prompt === undefined) return refuse("no_prompt", "No prompt provided", "No prompt provided");
    const promptId = readPromptId(body);
    if (promptId === undefined) {
      return refuse("invalid_prompt_id", "prompt_id must be a valid UUID", "prompt_id must be a valid UUID");
    }
    const targets = body.partial_execution_targets ?? null;
    const { isValid, error, nodeErrors, outputs, graph } = await validatePrompt(validation, body.prompt, targets);
    if (!isValid) return json({ error, node_errors: nodeErrors }, 400);
    const extraData = readExtraData(body);
    const item: QueueItem = { number, promptId, graph, extraData, outputs };
    log.accepted(item);
    queue.put(item);
    return json({ prompt_id: promptId, number, node_errors: nodeErrors });
  }

  function takeNumber(body: PythonObject): number | PythonFloat {
    if (body.number !== undefined) return toPythonFloat(body.number);
    const own = counter;
    counter += 1;
    // The first one after a start cannot jump the queue: minus zero is zero.
    return isTruthy(body.front) && own > 0 ? -own : own;
  }

  function readPromptId(body: PythonObject): string | undefined {
    const wanted = body.prompt_id;
    if (!isNewer) return wanted === undefined ? crypto.randomUUID() : toPythonText(wanted);
    if (wanted === undefined || wanted === null) return crypto.randomUUID();
    return typeof wanted === "string" && UUID.test(wanted) ? wanted : undefined;
  }

  function readExtraData(body: PythonObject): PythonJson {
    const given = body.extra_data ?? (Object.hasOwn(body, "extra_data") ? null : {});
    const clientId = body.client_id;
    const isObject = isPythonObject(given);
    // Nothing can be put into `null`; and without a client id nobody tries, so the worker finds out (0.3.64 only).
    if (!isObject && (clientId !== undefined || isNewer)) throw new AnswerError(trouble());
    if (!isObject) return given;
    const withClient = clientId === undefined ? given : { ...given, client_id: clientId };
    return isNewer ? { ...withClient, create_time: Date.now() } : withClient;
  }

  return [
    {
      method: "GET",
      path: "/prompt",
      handle: () => json({ exec_info: { queue_remaining: queue.remaining() } }),
    },
    {
      method: "POST",
      path: "/prompt",
      handle: async (request) => {
        const body = toBody(await readJson(request));
        try {
          return await submit(body);
        } catch (error) {
          const isPythonException =
            error instanceof ValidationException || error instanceof ConversionError || error instanceof TypeError;
          throw isPythonException ? new AnswerError(trouble()) : error;
        }
      },
    },
  ];
}

/** Python looks for keys in lists and text as well, and finds none. Numbers and null it cannot search. */
function toBody(body: PythonJson): PythonObject {
  if (isPythonObject(body)) return body;
  const keys = ["number", "front", "prompt"];
  const isBare = isPythonList(body) || (typeof body === "string" && !keys.some((key) => body.includes(key)));
  if (!isBare || (isPythonList(body) && body.some((item) => keys.includes(String(item))))) {
    throw new AnswerError(trouble());
  }
  return {};
}

function refuse(type: string, message: string, details: string): Answer {
  return json({ error: { type, message, details, extra_info: {} }, node_errors: {} }, 400);
}
