import type { WebhookEventType } from "@comfy/contracts";

/** One POST that is owed: to a caller's `callbackUrl` or to a registered endpoint. Held until its lease ends. */
export interface OwedDelivery {
  /** Same over all tries and replays: `webhook-id`. */
  readonly id: string;
  readonly leaseEpoch: number;
  readonly ownerId: string;
  readonly event: WebhookEventType;
  /** Absent for a test. */
  readonly jobId?: string;
  readonly url: string;
  /** Absent: the job's `callbackUrl`. */
  readonly endpoint?: {
    readonly id: string;
    /** The version that signs, then those it replaced in the last day. */
    readonly secretVersions: readonly number[];
    /** What they are derived from; absent: the API secret of the environment. */
    readonly secretSealed?: Uint8Array;
  };
  /** The key that made the job, for its `callbackUrl`. */
  readonly keyId?: string;
  readonly createdAtMs: number;
  /** Tries that were written down so far. */
  readonly tries: number;
  /** Since the first try, or the first one after a replay, began: by the database's clock, at the claim. */
  readonly sinceFirstTryMs: number;
}

/** What is kept of a try: status and timing, never bodies. */
export interface DeliveryTry {
  readonly durationMs: number;
  readonly status?: number;
  /** Why it does not count as taken. */
  readonly problem?: string;
}

/** What comes after a try. `gone`: the receiver wants nothing any more. */
export type AfterTry = "delivered" | "given_up" | "gone" | { readonly nextInMs: number };

export interface ClaimDeliveries {
  /** Names this process. */
  readonly holder: string;
  readonly count: number;
  readonly leaseMs: number;
}

/** Deliveries that became due in the same transaction that ended their job. */
export interface Outbox {
  /**
   * Takes due deliveries for `leaseMs`; another process may take them after that. Those of a target with enough under way wait, so that
   * a slow receiver holds few sends, in however many processes.
   */
  claim(options: ClaimDeliveries): Promise<readonly OwedDelivery[]>;
  /**
   * Writes down a try and what comes next. Of a delivery that another process has claimed meanwhile, only `delivered` counts.
   * @returns the endpoint that this try has disabled
   */
  settle(
    delivery: Pick<OwedDelivery, "id" | "leaseEpoch">,
    try_: DeliveryTry,
    after: AfterTry,
  ): Promise<{ readonly disabledEndpointId?: string }>;
  /** Gives back what was claimed and not sent, or sent and not answered: it is due at once. */
  release(delivery: Pick<OwedDelivery, "id" | "leaseEpoch">): Promise<void>;
  /** Everything claimed is due at once: for the one process of its database, whose predecessor is dead. */
  releaseAll(): Promise<void>;
}

/** Sends one delivery. Implemented by `adapters/fetch` behind the guard against private addresses. */
export interface CallbackSender {
  send(delivery: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly signal: AbortSignal;
  }): Promise<DeliveryAnswer>;
}

export interface DeliveryAnswer {
  readonly status: number;
  /** Seconds or a date: when the receiver wants to be asked again. */
  readonly retryAfter?: string;
}
