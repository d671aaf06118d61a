import * as z from "zod";

// Anyone can queue a prompt with the priority "inf" or "nan"; one such stranger must not make the whole queue unreadable.
const priority = z.custom<number>((value) => typeof value === "number").catch(0);

/**
 * One queued prompt: `[number, prompt id, graph, extra data, outputs to execute, ...]`. Graph and extra data of strangers are not
 * checked. Five elements or more: a VHS meta-batch re-queues itself with six.
 */
export const queueItem = z
  .tuple([priority, z.string(), z.unknown(), z.unknown(), z.array(z.unknown()).catch([])])
  .rest(z.unknown());
export type QueueItem = z.infer<typeof queueItem>;

/** `GET /queue`. `queue_pending` is in heap order, not in execution order: see {@link toExecutionOrder}. */
export const queueSnapshot = z.looseObject({
  queue_running: z.array(queueItem),
  queue_pending: z.array(queueItem),
});
export type QueueSnapshot = z.infer<typeof queueSnapshot>;

/** Pending items as they will run: by number, then by prompt id. */
export function toExecutionOrder(items: readonly QueueItem[]): QueueItem[] {
  return items.toSorted((left, right) => left[0] - right[0] || (left[1] < right[1] ? -1 : 1));
}

/** The body of `POST /queue`; touches pending prompts only and always answers 200. */
export const queueChange = z.looseObject({
  clear: z.boolean().optional(),
  delete: z.array(z.string()).optional(),
});
export type QueueChange = z.infer<typeof queueChange>;
