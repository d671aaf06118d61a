import { NodeError, type NodeInputs } from "../node.ts";
import { PythonFloat } from "../python/values.ts";

/** Thrown into a node when somebody interrupted the prompt. */
export class Interrupted extends Error {
  constructor() {
    super("the prompt was interrupted");
    this.name = "Interrupted";
  }
}

/** The worker thread cannot go on: the item stays in `queue_running` until a restart. */
export class WorkerDeath extends Error {
  constructor(message: string) {
    super(message);
    this.name = "WorkerDeath";
  }
}

/** Where a run ended before its end. */
export interface FailedNode {
  readonly nodeId: string;
  readonly classType: string;
  readonly inputs: NodeInputs;
  readonly error: Error;
}

const OUT_OF_MEMORY_TIP =
  "This error means you ran out of memory on your GPU.\n\nTIPS: If the workflow worked before you might have " +
  "accidentally set the batch_size to a large number.";

/** The data of `execution_error`. */
export function describeFailure(
  promptId: string,
  failed: FailedNode,
  executed: readonly string[],
  graphIds: readonly string[],
): Record<string, unknown> {
  const { error, nodeId, classType } = failed;
  const exceptionType = error instanceof NodeError ? error.exceptionType : error.name;
  const tip = exceptionType.endsWith("OutOfMemoryError") ? OUT_OF_MEMORY_TIP : "";
  return {
    prompt_id: promptId,
    node_id: nodeId,
    node_type: classType,
    executed,
    exception_message: `${error.message}\n${tip}`,
    exception_type: exceptionType,
    traceback: [`  File "simulated/${classType}.py", line 1, in run (simulated traceback)\n`],
    current_inputs: describeInputs(failed.inputs),
    current_outputs: graphIds,
  };
}

function describeInputs(inputs: NodeInputs): Record<string, readonly unknown[]> {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, [describeValue(value)]]));
}

/** Numbers and text as they are, everything else as a short text; the real server dumps tensors here. */
function describeValue(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (["string", "number", "bigint", "boolean"].includes(typeof value) || value instanceof PythonFloat) return value;
  if (typeof value === "object" && "sampleRate" in value) {
    return `{'waveform': tensor(...), 'sample_rate': ${String(value.sampleRate)}}`;
  }
  if (typeof value === "object" && "width" in value && "height" in value) {
    return `tensor(... ${String(value.width)}x${String(value.height)})`;
  }
  return `<${typeof value}>`;
}
