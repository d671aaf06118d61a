import * as z from "zod";
import { graph } from "./graph.ts";

/** The only form of prompt id that every server version accepts: a lowercase hyphenated UUID. */
export const promptIdPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const promptId = z.string().regex(promptIdPattern, "expected a lowercase UUID with hyphens");

/** The body of `POST /prompt`. `extra_data` may be absent but never null: null kills the worker thread of ComfyUI 0.3.64. */
export const promptRequest = z.looseObject({
  prompt: graph,
  prompt_id: promptId.optional(),
  client_id: z.string().optional(),
  extra_data: z.looseObject({}).optional(),
  number: z.number().optional(),
  front: z.boolean().optional(),
  partial_execution_targets: z.array(z.string()).nullable().optional(),
});
export type PromptRequest = z.infer<typeof promptRequest>;

/** Why a whole prompt is refused. Newer servers add the last three; others may follow. */
export const promptErrorTypes = [
  "no_prompt",
  "invalid_prompt",
  "prompt_no_outputs",
  "prompt_outputs_failed_validation",
  "missing_node_type",
  "invalid_prompt_id",
  "dependency_cycle",
] as const;

/** What is wrong with one input of one node. */
export const inputErrorTypes = [
  "required_input_missing",
  "bad_linked_input",
  "return_type_mismatch",
  "invalid_input_type",
  "value_smaller_than_min",
  "value_bigger_than_max",
  "value_not_in_list",
  "custom_validation_failed",
  "exception_during_inner_validation",
  "exception_during_validation",
  "dependency_cycle",
  "invalid_dynamic_input",
] as const;

export const validationError = z.looseObject({
  type: z.string(),
  message: z.string(),
  details: z.string().default(""),
  extra_info: z.looseObject({ input_name: z.string().optional() }).default({}),
});
export type ValidationError = z.infer<typeof validationError>;

export const nodeError = z.looseObject({
  errors: z.array(validationError),
  dependent_outputs: z.array(z.string()).default([]),
  class_type: z.string(),
});
export type NodeError = z.infer<typeof nodeError>;

export const nodeErrors = z.record(z.string(), nodeError);
export type NodeErrors = z.infer<typeof nodeErrors>;

/** 200: queued. A non-empty `node_errors` means that only the valid outputs will run. */
export const promptAccepted = z.looseObject({
  prompt_id: z.string(),
  number: z.number(),
  node_errors: nodeErrors.default({}),
});
export type PromptAccepted = z.infer<typeof promptAccepted>;

/** 400: not queued. `node_errors` may be empty; the error then speaks about the whole graph. */
export const promptRefused = z.looseObject({
  error: validationError,
  node_errors: nodeErrors.default({}),
});
export type PromptRefused = z.infer<typeof promptRefused>;

/** `GET /prompt`, and part of every `status` message: pending plus running prompts. */
export const execInfo = z.looseObject({ exec_info: z.looseObject({ queue_remaining: z.int().nonnegative() }) });
export type ExecInfo = z.infer<typeof execInfo>;
