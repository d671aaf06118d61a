import * as z from "zod";
import { outputs } from "./files.ts";
import { queueItem } from "./queue.ts";

/** One line of `status.messages`: `[type, data]`, as on the socket. Only the execution_* messages are kept here. */
export const historyMessage = z.tuple([z.string(), z.looseObject({})]).rest(z.unknown());
export type HistoryMessage = z.infer<typeof historyMessage>;

/** An interrupted prompt also has `status_str: "error"`; only its last message, `execution_interrupted`, tells it apart. */
export const historyStatus = z.looseObject({
  status_str: z.string(),
  completed: z.boolean(),
  messages: z.array(historyMessage).default([]),
});
export type HistoryStatus = z.infer<typeof historyStatus>;

export const historyEntry = z.looseObject({
  prompt: queueItem,
  outputs,
  status: historyStatus.nullish(),
  meta: z.record(z.string(), z.unknown()).optional(),
});
export type HistoryEntry = z.infer<typeof historyEntry>;

/** `GET /history` and `GET /history/{id}`: entries by prompt id; `{}` means unknown, queued or running. */
export const history = z.record(z.string(), historyEntry);
export type History = z.infer<typeof history>;
