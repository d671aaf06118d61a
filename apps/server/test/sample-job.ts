import type { Job } from "../src/jobs/job.ts";

/** A running job in which a test changes what it is about. */
export const sampleJob = (changes: Partial<Job> = {}): Job => ({
  id: "job",
  ownerId: "owner",
  keyId: "key",
  kind: "image",
  state: "running",
  plan: { kind: "image", workflow: "image", version: 1, seed: 1, variants: [], media: [] },
  seed: 1,
  isUploadedToCloud: true,
  requestId: "request",
  isAbandonable: true,
  isCancelRequested: false,
  createdAtMs: 0,
  deadlineAtMs: 0,
  outputs: [],
  ...changes,
});
