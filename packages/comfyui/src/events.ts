import type { Progress } from "./progress.ts";

/** What happens to a prompt on its way. All of it is news for people; the outcome never depends on it. */
export type PromptEvent =
  /** It waits; so many prompts go before it, the running one included. */
  | { readonly type: "queued"; readonly position: number }
  | { readonly type: "running" }
  | ({ readonly type: "progress" } & Progress)
  /** A picture of the work so far. */
  | { readonly type: "preview"; readonly mediaType: string; readonly bytes: Uint8Array }
  /** What a node has to say. */
  | { readonly type: "text"; readonly node: string; readonly text: string }
  /**
   * Nothing was heard for so long of what runs: this prompt, or a stranger's before it. Certain: prompts wait although nothing runs, or this
   * one never said that it begins, so the server's worker is dead. Repeated each time the bound passes.
   */
  | { readonly type: "stalled"; readonly quietMs: number; readonly isCertain: boolean }
  /** The server stopped answering, so long ago. Told once; `reachable` follows when it answers again. */
  | { readonly type: "unreachable"; readonly sinceMs: number }
  | { readonly type: "reachable" };
