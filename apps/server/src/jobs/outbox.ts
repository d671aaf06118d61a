/** One POST that is owed to a caller's `callbackUrl`. */
export interface OwedDelivery {
  /** Same over all tries: `webhook-id`. */
  readonly id: string;
  readonly jobId: string;
  readonly ownerId: string;
  readonly url: string;
  /** Tries made so far. */
  readonly tries: number;
  readonly firstTriedAtMs?: number;
}

/** Deliveries that became due in the same transaction that ended their job. */
export interface Outbox {
  /** Takes due deliveries for `leaseMs`; another process may take them after that. */
  claim(options: { holder: string; count: number; leaseMs: number }): Promise<readonly OwedDelivery[]>;
  markDelivered(id: string, try_: { readonly status: number; readonly durationMs: number }): Promise<void>;
  /** A failed try; `nextInMs` null gives up. Only status and timing are kept, never bodies. */
  markFailed(
    id: string,
    try_: {
      readonly status?: number;
      readonly problem: string;
      readonly durationMs: number;
      readonly nextInMs: number | null;
    },
  ): Promise<void>;
}

/** Sends one delivery. Implemented by `adapters/fetch` behind the guard against private addresses. */
export interface CallbackSender {
  send(delivery: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly signal: AbortSignal;
  }): Promise<{ readonly status: number }>;
}
