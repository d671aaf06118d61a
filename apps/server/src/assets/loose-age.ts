const HOUR_MS = 3_600_000;

/** How long bytes that nothing refers to are kept. */
export const LOOSE_AGE_MIN_MS = 24 * HOUR_MS;

/**
 * The same where jobs may take longer: the first output of a job waits in the store for as long as the store does not take the second, which
 * is asked until the deadline. It lies in the spool for as long.
 */
export const toLooseAgeMs = (jobDeadlineMs: number): number => Math.max(LOOSE_AGE_MIN_MS, jobDeadlineMs + HOUR_MS);
