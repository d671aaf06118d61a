import { toGraphNodes } from "../graph/graph.ts";
import { isPythonObject } from "../python/values.ts";
import type { RunRecord } from "../queue/history.ts";
import type { QueueItem } from "../queue/queue-item.ts";
import { describeFailure, type FailedNode, Interrupted, WorkerDeath } from "./failures.ts";
import type { ExecutorParts } from "./parts.ts";
import { createRun, executeRun, prepareRun, type Run } from "./run.ts";

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
  let isInterrupted = false;
  let current: Run | undefined;

  async function run(item: QueueItem, signal: AbortSignal): Promise<RunRecord> {
    if (!isPythonObject(item.extraData)) throw new WorkerDeath("'NoneType' object has no attribute 'copy'");
    isInterrupted = false;
    const run = createRun(parts, { item, extraData: item.extraData, signal, isInterrupted: () => isInterrupted });
    current = run;
    const messages: [string, unknown][] = [];
    const tell = (type: string, data: Readonly<Record<string, unknown>>, isForAll = false): void => {
      const stamped = { ...data, timestamp: Date.now() };
      messages.push([type, stamped]);
      const { audience } = run.voice;
      if (audience !== "everybody" || isForAll) parts.announcer.send(audience, type, stamped);
    };
    tell("execution_start", { prompt_id: item.promptId });
    if ([...toGraphNodes(item.graph).values()].some(({ inputs }) => inputs === undefined)) {
      throw new WorkerDeath("'inputs'");
    }
    tell("execution_cached", { nodes: await prepareRun(run), prompt_id: item.promptId });
    const failed = await executeRun(run);
    run.current = undefined;
    tellEnd(run, failed, tell);
    const isGood = failed === undefined;
    const status = { status_str: isGood ? "success" : "error", completed: isGood, messages } as const;
    return { status, ...run.results.show(run.ownIds) };
  }

  return {
    run,
    interrupt: () => {
      isInterrupted = true;
    },
    currentNode: (clientId) => (current?.voice.clientId === clientId ? current.current : undefined),
  };
}

type Tell = (type: string, data: Readonly<Record<string, unknown>>, isForAll?: boolean) => void;

function tellEnd(run: Run, failed: FailedNode | undefined, tell: Tell): void {
  const prompt_id = run.wish.item.promptId;
  if (failed === undefined) tell("execution_success", { prompt_id });
  else if (failed.error instanceof Interrupted) {
    const { nodeId: node_id, classType: node_type } = failed;
    tell("execution_interrupted", { prompt_id, node_id, node_type, executed: run.executed }, true);
  } else tell("execution_error", describeFailure(prompt_id, failed, run.executed, run.graph.ids()));
}
