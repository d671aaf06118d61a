/** A prompt that nobody waits for any more but that its backend may still hold or run. */
export interface OrphanPrompt {
  readonly backendId: string;
  readonly promptId: string;
  /** The boot it was sent to: another has forgotten it. */
  readonly backendEpoch: string;
}

/** What is to be removed from backends, by id, as the database remembers it. Each is kept for a day at the most. */
export interface Orphans {
  /** Those of these backends, oldest first. Asking again gives them again until they are settled. */
  due(backendIds: readonly string[], limit: number): Promise<readonly OrphanPrompt[]>;
  /** They have ended or can never run: forgets them. */
  settle(promptIds: readonly string[]): Promise<void>;
}
