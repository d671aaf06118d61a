import * as z from "zod";
import {
  executionCached,
  executionError,
  executionInterrupted,
  executionStart,
  executionSuccess,
} from "./execution.ts";
import { nodeOutput } from "./files.ts";
import { execInfo } from "./prompt.ts";
import { features } from "./system-stats.ts";

const status = z.looseObject({ status: execInfo, sid: z.string().optional() });

/** `node: null` closes a prompt. After a reconnect the server sends one with `node` alone: no prompt id. */
const executing = z.looseObject({
  node: z.string().nullable(),
  display_node: z.string().nullish(),
  prompt_id: z.string().optional(),
});

const progress = z.looseObject({
  value: z.number(),
  max: z.number(),
  prompt_id: z.string().optional(),
  node: z.string().nullish(),
});

/** How far one node is. A node that failed stays `running`; a cached one appears as `1/1`. */
export const nodeProgress = z.looseObject({
  value: z.number(),
  max: z.number(),
  state: z.string(),
  node_id: z.string(),
  prompt_id: z.string(),
  display_node_id: z.string().nullish(),
  parent_node_id: z.string().nullish(),
  real_node_id: z.string().nullish(),
});
export type NodeProgress = z.infer<typeof nodeProgress>;

/** Cumulative: all nodes that have started so far. */
const progressState = z.looseObject({ prompt_id: z.string(), nodes: z.record(z.string(), nodeProgress) });

const executed = z.looseObject({
  node: z.string(),
  display_node: z.string().nullish(),
  output: nodeOutput.nullable(),
  prompt_id: z.string(),
});

/** Every text message of the core, `{ type, data }`. Packs add types of their own: see {@link parseSocketMessage}. */
export const socketMessage = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("status"), data: status }),
  z.looseObject({ type: z.literal("feature_flags"), data: features }),
  z.looseObject({ type: z.literal("execution_start"), data: executionStart }),
  z.looseObject({ type: z.literal("execution_cached"), data: executionCached }),
  z.looseObject({ type: z.literal("executing"), data: executing }),
  z.looseObject({ type: z.literal("progress"), data: progress }),
  z.looseObject({ type: z.literal("progress_state"), data: progressState }),
  z.looseObject({ type: z.literal("executed"), data: executed }),
  z.looseObject({ type: z.literal("execution_success"), data: executionSuccess }),
  z.looseObject({ type: z.literal("execution_error"), data: executionError }),
  z.looseObject({ type: z.literal("execution_interrupted"), data: executionInterrupted }),
]);
export type SocketMessage = z.infer<typeof socketMessage>;

/** The message, or undefined for one that is unknown or malformed: a socket only hints, so such a message is passed over. */
export function parseSocketMessage(value: unknown): SocketMessage | undefined {
  const parsed = socketMessage.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

/** The one message a client may send, as its first text frame after every connect. */
export const featureFlagsMessage = {
  type: "feature_flags",
  data: { supports_preview_metadata: true },
} as const;
