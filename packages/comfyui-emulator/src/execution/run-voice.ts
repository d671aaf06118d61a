import type { PythonObject } from "../python/values.ts";
import type { Announcer, Audience } from "./announcer.ts";
import type { NodeIdentity } from "./progress.ts";

/** Who follows one run, and what is said to them about its nodes. */
export interface RunVoice {
  /** The client that submitted the prompt; undefined when it named none, or none that can be addressed. */
  readonly clientId: string | undefined;
  /** Who sees progress and previews: without a client id, everybody. */
  readonly audience: Audience;
  executing(node: NodeIdentity): void;
  /** `output` is null for cached nodes without anything to show. */
  executed(node: NodeIdentity, output: unknown): void;
  /** A branch was blocked with a message: looks like an error, but ends nothing. */
  blocked(node: NodeIdentity, classType: string, executed: readonly string[], message: string): void;
}

export function createRunVoice(announcer: Announcer, promptId: string, extraData: PythonObject): RunVoice {
  const wanted = extraData.client_id ?? null;
  const clientId = typeof wanted === "string" ? wanted : undefined;
  // An id that is no text names nobody's socket: such a prompt is followed by no one.
  const audience: Audience = wanted === null ? "everybody" : { clientId: clientId ?? "" };
  const tell = (type: string, data: Readonly<Record<string, unknown>>): void => {
    if (audience !== "everybody") announcer.send(audience, type, data);
  };
  return {
    clientId,
    audience,
    executing: (node) =>
      tell("executing", { node: node.nodeId, display_node: node.displayNodeId, prompt_id: promptId }),
    executed: (node, output) =>
      tell("executed", { node: node.nodeId, display_node: node.displayNodeId, output, prompt_id: promptId }),
    blocked: (node, classType, executed, message) =>
      tell("execution_error", {
        prompt_id: promptId,
        node_id: node.nodeId,
        node_type: classType,
        executed,
        exception_message: `Execution Blocked: ${message}`,
        exception_type: "ExecutionBlocked",
        traceback: [],
        current_inputs: [],
        current_outputs: [],
      }),
  };
}
