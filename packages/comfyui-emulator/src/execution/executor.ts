import { toGraphNodes } from "../graph/graph.ts";
import { isPythonObject } from "../python/values.ts";
import type { RunRecord } from "../queue/history.ts";
import type { QueueItem } from "../queue/queue-item.ts";
import { describeFailure, Interrupted, WorkerDeath } from "./failures.ts";
import type { ExecutorParts } from "./parts.ts";
import { createRun, type Run } from "./run.ts";

export interface Executor {
  /**
   * Runs one prompt and tells clients about it.
   * @throws WorkerDeath when the item is one of those that a worker thread does not survive.
   */
  run(item: QueueItem, signal: AbortSignal): Promise<RunRecord>;
  /** Asks the running prompt to stop at its next chance. The wish is forgotten when the next prompt starts. */
  interrupt(): void;
  /** The display id of the node that runs for this client now. */
  currentNode(clientId: string): string | undefined;
}

export function createExecutor(parts: ExecutorParts): Executor {
  const { announcer } = parts;
  let isInterrupted = false;
  let current: Run | undefined;

  async function run(item: QueueItem, signal: AbortSignal): Promise<RunRecord> {
    if (!isPythonObject(item.extraData)) throw new WorkerDeath("'NoneType' object has no attribute 'copy'");
    isInterrupted = false;
    const messages: [string, unknown][] = [];
    const run = createRun(parts, { item, extraData: item.extraData, signal, isInterrupted: () => isInterrupted });
    current = run;
    const tell = (type: string, data: Readonly<Record<string, unknown>>, isForAll = false): void => {
      const stamped = { ...data, timestamp: Date.now() };
      messages.push([type, stamped]);
      if (run.clientId !== undefined) announcer.send({ clientId: run.clientId }, type, stamped);
      else if (isForAll) announcer.send("everybody", type, stamped);
    };
    tell("execution_start", { prompt_id: item.promptId });
    if ([...toGraphNodes(item.graph).values()].some(({ inputs }) => inputs === undefined)) {
      throw new WorkerDeath("'inputs'");
    }
    const cached = await run.prepare();
    tell("execution_cached", { nodes: cached, prompt_id: item.promptId });
    const failed = await run.execute();
    if (failed === undefined) tell("execution_success", { prompt_id: item.promptId });
    else if (failed.error instanceof Interrupted) {
      const { nodeId, classType } = failed;
      const data = { prompt_id: item.promptId, node_id: nodeId, node_type: classType, executed: run.executed() };
      tell("execution_interrupted", data, true);
    } else tell("execution_error", describeFailure(item.promptId, failed, run.executed(), run.graphIds()));
    const isGood = failed === undefined;
    return { status: { status_str: isGood ? "success" : "error", completed: isGood, messages }, ...run.results() };
  }

  return {
    run,
    interrupt: () => {
      isInterrupted = true;
    },
    currentNode: (clientId) => (current?.clientId === clientId ? current.currentNode() : undefined),
  };
}
