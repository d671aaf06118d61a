import { isEqual, PythonFloat, type PythonJson } from "../python/values.ts";

/** One accepted prompt. */
export interface QueueItem {
  /** A counter value, or a float when the client chose the number. */
  readonly number: number | PythonFloat;
  readonly promptId: string;
  readonly graph: PythonJson;
  /** `null` when the request said so: the worker dies of it. */
  readonly extraData: PythonJson;
  readonly outputs: readonly string[];
}

/** The five elements that `/queue` and `/history` show. */
export function toQueueEntry(item: QueueItem, extraData: PythonJson = item.extraData): readonly unknown[] {
  return [item.number, item.promptId, item.graph, extraData, item.outputs];
}

/**
 * Orders by number, then by id as text.
 * @throws TypeError when both are equal but the graphs are not: Python cannot order dictionaries.
 */
export function comesBefore(first: QueueItem, second: QueueItem): boolean {
  const [a, b] = [numberOf(first), numberOf(second)];
  if (a !== b) return a < b;
  if (first.promptId !== second.promptId) return first.promptId < second.promptId;
  if (isEqual(first.graph, second.graph) && isEqual(first.extraData, second.extraData)) return false;
  throw new TypeError("'<' not supported between instances of 'dict' and 'dict'");
}

function numberOf(item: QueueItem): number {
  return item.number instanceof PythonFloat ? item.number.value : item.number;
}
