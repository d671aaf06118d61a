/** Something that must not have happened. */
export interface Fault {
  readonly rule:
    | "loss"
    | "stuck"
    | "endings"
    | "failures"
    | "idempotency"
    | "duplicate"
    | "webhooks"
    | "usage"
    | "slots";
  /** Names the job and says what was expected. */
  readonly sentence: string;
}

export const terminalStates = ["complete", "failed", "expired", "cancelled"] as const;

export const isTerminal = (state: string): boolean => terminalStates.some((terminal) => terminal === state);

/** What the product surface and its callbacks call a state. */
export function toStatus(state: string): string {
  return state === "expired" ? "failed" : state;
}
