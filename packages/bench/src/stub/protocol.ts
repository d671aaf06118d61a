/** What the process of the stubs is asked over its channel; every request has one answer. */
export type StubRequest =
  /** How prompts run from now on, on all backends. */
  | { readonly type: "configure"; readonly rendering: Rendering }
  /** Cuts every WebSocket; with `isAll` every other connection as well. */
  | { readonly type: "drop"; readonly isAll: boolean }
  /** What was asked of all backends since the last look. */
  | { readonly type: "count" };

export interface Rendering {
  readonly outputBytes: number;
  /** How long a render takes; 0 ends it at once. */
  readonly durationMs: number;
}

export type StubAnswer =
  | { readonly type: "ready"; readonly urls: readonly string[] }
  | { readonly type: "done" }
  | { readonly type: "counted"; readonly requests: Readonly<Record<string, number>>; readonly prompts: number };
