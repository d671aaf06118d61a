/** What there may be to do. `job`: it may be claimable. `delivery`: a webhook may be due. */
export type Work =
  | { readonly type: "job"; readonly jobId: string; readonly attempt: number; readonly epoch: number }
  | { readonly type: "delivery" };

/**
 * Knocks on the door of whoever works, on this process or another. A hint and nothing more: it may be lost, doubled, late or out of
 * order, and the database alone says what there is to do. Whoever listens also looks by itself every so often.
 */
export interface Knocks {
  /** Never throws and is not waited for. */
  knock(work: Work): void;
  /** Calls `handler` for knocks until the returned function is called. Of several processes that listen one hears each knock. */
  listen(handler: (work: Work) => void): () => void;
  close(): Promise<void>;
}

/** Knocks that nobody hears: work is found by looking alone. */
export const silentKnocks: Knocks = {
  knock() {},
  listen: () => () => {},
  async close() {},
};
