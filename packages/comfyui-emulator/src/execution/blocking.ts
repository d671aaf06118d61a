import type { NodeInputs, NodeResult } from "../node.ts";

/** Stands in every output of a node that blocks: whatever takes it does not run, and passes it on silently. */
export class Blocked {
  readonly message: string | undefined;

  constructor(message?: string) {
    this.message = message;
  }
}

export function findBlock(inputs: NodeInputs): Blocked | undefined {
  return Object.values(inputs).find((value) => value instanceof Blocked);
}

export function blockOutputs(slots: number, block: Blocked): NodeResult {
  return { outputs: Array.from({ length: slots }, () => block) };
}
