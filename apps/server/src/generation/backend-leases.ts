/** The right to be the only one who sends to a backend. The epoch grows whenever it changes hands. */
export interface HeldBackend {
  readonly backendId: string;
  readonly epoch: number;
  /** More than its holder's fair share: to be given back when nothing runs there, so that a process that came later gets it. */
  readonly isSurplus?: true;
}

/**
 * Which process owns which backend, as the database decides it by its own clock. A holder counts the end of its leases in monotonic time
 * from before it asked, so that it lets go earlier than anybody else may take over.
 */
export interface BackendLeases {
  /**
   * Tells that the holder lives, prolongs what it holds, gives back `release`, and takes free or expired backends until it has its fair
   * share: the configured ones divided by the holders that live, rounded up. One that has more than that keeps it until it gives it back.
   *
   * @param options.capacity how many it wants at the most
   * @returns what it holds now
   */
  hold(options: {
    readonly holder: string;
    readonly configured: readonly string[];
    readonly capacity?: number;
    readonly leaseMs: number;
    readonly release?: readonly string[];
  }): Promise<readonly HeldBackend[]>;
  /** Gives everything back, at shutdown. */
  letGo(holder: string): Promise<void>;
  /** Takes every backend from whoever had it, for the one process of an embedded database: all other holders are dead. */
  takeAll(options: {
    readonly holder: string;
    readonly configured: readonly string[];
    readonly leaseMs: number;
  }): Promise<readonly HeldBackend[]>;
}
