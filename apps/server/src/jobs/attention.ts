/**
 * Who besides its own request cares for a job that is waited for. A request whose caller hung up may cancel its job only
 * when nobody else has asked about it.
 */
export interface Attention {
  /** Starts to keep count for a job. The returned function ends it. */
  open(jobId: string): () => void;
  /** Somebody asked about the job. Costs nothing for jobs that nobody waits for. */
  mark(jobId: string): void;
  isMarked(jobId: string): boolean;
}

export function createAttention(): Attention {
  const marks = new Map<string, { openings: number; isMarked: boolean }>();
  return {
    open(jobId) {
      const entry = marks.get(jobId) ?? { openings: 0, isMarked: false };
      entry.openings += 1;
      // A second request that waits for the same job is somebody else who cares.
      entry.isMarked ||= entry.openings > 1;
      marks.set(jobId, entry);
      return () => {
        entry.openings -= 1;
        if (entry.openings === 0) marks.delete(jobId);
      };
    },
    mark(jobId) {
      const entry = marks.get(jobId);
      if (entry !== undefined) entry.isMarked = true;
    },
    isMarked: (jobId) => marks.get(jobId)?.isMarked ?? false,
  };
}
