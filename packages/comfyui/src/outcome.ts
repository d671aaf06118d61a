import {
  EXECUTION_BLOCKED,
  type ExecutionError,
  executionError,
  executionInterrupted,
  type HistoryEntry,
  type Outputs,
} from "@comfy/comfyui-contract";

/** What became of a prompt, as its history entry tells it. */
export type Outcome =
  | { readonly type: "succeeded"; readonly outputs: Outputs }
  | Failure
  /** Somebody interrupted it. `outputs` are of the nodes that had finished. */
  | { readonly type: "interrupted"; readonly nodeId?: string; readonly outputs: Outputs };

/** A node raised. */
export interface Failure {
  readonly type: "failed";
  readonly nodeId: string;
  readonly nodeType: string;
  /** The Python class, e.g. `ValueError` or `torch.OutOfMemoryError`. */
  readonly exceptionType: string;
  readonly exceptionMessage: string;
  readonly outputs: Outputs;
}

/** A message of an exception may carry whole tensors; this much of it is for people. */
const MESSAGE_CHARS_MAX = 4_000;

export function toFailure(error: ExecutionError, outputs: Outputs): Failure {
  return {
    type: "failed",
    nodeId: error.node_id,
    nodeType: error.node_type,
    exceptionType: error.exception_type,
    exceptionMessage: error.exception_message.trim().slice(0, MESSAGE_CHARS_MAX),
    outputs,
  };
}

/** Whether another, larger device might manage what this one did not. */
export function isOutOfMemory(failure: Failure): boolean {
  const { exceptionType, exceptionMessage } = failure;
  // Old versions of torch, and allocations outside of it, only say so in the text.
  return /(^|\.)OutOfMemoryError$/.test(exceptionType) || /^(CUDA|HIP|MPS).{0,20}out of memory/i.test(exceptionMessage);
}

/** Reads a history entry. An interrupted prompt is told from a failed one by its last message only. */
export function toOutcome(entry: HistoryEntry): Outcome {
  const { outputs } = entry;
  const messages = entry.status?.messages ?? [];
  if (entry.status?.completed) return { type: "succeeded", outputs };
  const last = messages.at(-1);
  if (last?.[0] === "execution_interrupted") {
    const { node_id } = executionInterrupted.safeParse(last[1]).data ?? {};
    return { type: "interrupted", outputs, ...(node_id ? { nodeId: node_id } : {}) };
  }
  const errors = messages.flatMap(([type, data]) => {
    const parsed = type === "execution_error" ? executionError.safeParse(data).data : undefined;
    return parsed && parsed.exception_type !== EXECUTION_BLOCKED ? [parsed] : [];
  });
  const error = errors.at(-1);
  if (error) return toFailure(error, outputs);
  return {
    type: "failed",
    nodeId: "",
    nodeType: "",
    exceptionType: "",
    exceptionMessage: "The prompt ended without success and without saying why.",
    outputs,
  };
}
