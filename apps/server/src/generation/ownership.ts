/** The right to use a backend, in the words of the database. */
export interface BackendLease {
  readonly holder: string;
  readonly epoch: number;
}

/** A lease as its holder sees it. */
export interface OwnedLease extends BackendLease {
  /** Aborts the moment the lease cannot be relied on any more: whatever follows the backend lets go of it. */
  readonly lost: AbortSignal;
}

/**
 * Which backends this process owns. A ComfyUI server checks no token, so one process at a time talks to it: only the owner sends
 * prompts, follows and interrupts.
 */
export interface Ownership {
  /** The ids of the backends owned now. */
  owned(): readonly string[];
  /** Undefined when the backend is not owned, or the lease could have run out by now. Ask right before each POST. */
  lease(backendId: string): OwnedLease | undefined;
}
