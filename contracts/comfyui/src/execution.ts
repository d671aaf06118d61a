import * as z from "zod";

/** The data of the messages about a prompt's execution. They travel on the socket and stay in the history entry. */
const aboutPrompt = { prompt_id: z.string(), timestamp: z.number().optional() };

export const executionStart = z.looseObject(aboutPrompt);

export const executionCached = z.looseObject({ ...aboutPrompt, nodes: z.array(z.string()) });

export const executionSuccess = z.looseObject(aboutPrompt);

/**
 * A node raised. With `exception_type: "ExecutionBlocked"` (and no timestamp) it is only a blocked branch: the prompt goes on.
 * `current_inputs` is a text dump that may hold megabytes of tensors.
 */
export const executionError = z.looseObject({
  ...aboutPrompt,
  node_id: z.string(),
  node_type: z.string(),
  executed: z.array(z.string()).default([]),
  exception_message: z.string().default(""),
  exception_type: z.string().default(""),
  traceback: z.array(z.string()).default([]),
  current_inputs: z.unknown().optional(),
  current_outputs: z.unknown().optional(),
});
export type ExecutionError = z.infer<typeof executionError>;

export const executionInterrupted = z.looseObject({
  ...aboutPrompt,
  node_id: z.string().nullish(),
  node_type: z.string().nullish(),
  executed: z.array(z.string()).default([]),
});
export type ExecutionInterrupted = z.infer<typeof executionInterrupted>;

/** The exception type of a blocked branch, which is not the end of the prompt. */
export const EXECUTION_BLOCKED = "ExecutionBlocked";
