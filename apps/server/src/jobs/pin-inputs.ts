import type { MediaSlot } from "@comfy/workflows";
import type { Asset } from "../assets/asset.ts";
import { AppError } from "../errors.ts";
import type { ClaimedJob, JobStore } from "./job-store.ts";

export interface PinInputsDeps {
  readonly jobs: Pick<JobStore, "pinInput">;
  /** Fetches a caller's URL, once, and keeps it as an asset of the owner. */
  readonly pinUrl: (file: {
    readonly ownerId: string;
    readonly url: string;
    readonly field: string;
    readonly accepts: MediaSlot["accepts"];
    /** What it shows may not leave this machine. */
    readonly isLocal: boolean;
    readonly signal: AbortSignal;
  }) => Promise<Asset>;
  /** Keeps a file that ships with a workflow as an asset of the owner. */
  readonly pinBuiltin: (file: {
    readonly ownerId: string;
    readonly file: string;
    readonly signal: AbortSignal;
  }) => Promise<Asset>;
}

/** Assets by media slot. */
export type PinnedInputs = Readonly<Record<string, string>>;
export type PinInputs = (claimed: ClaimedJob, signal: AbortSignal) => Promise<PinnedInputs>;

/**
 * Makes every input of a job an asset before its first attempt: what a URL shows may change or vanish, and all attempts
 * must render the same.
 */
export function createPinInputs({ jobs, pinUrl, pinBuiltin }: PinInputsDeps): PinInputs {
  return async function pinInputs({ job, lease, inputs }, signal) {
    const pinned: Record<string, string> = { ...inputs };
    for (const { name, accepts, reference } of job.plan.media) {
      if (Object.hasOwn(pinned, name)) continue;
      const { ownerId } = job;
      const asset =
        reference.from === "builtin"
          ? await pinBuiltin({ ownerId, file: reference.file, signal })
          : await pinUrl({
              ownerId,
              url: reference.text,
              field: name,
              accepts,
              isLocal: !job.isUploadedToCloud,
              signal,
            });
      await jobs.pinInput(lease, name, asset.id);
      pinned[name] = asset.id;
    }
    for (const { name } of job.plan.media) {
      if (pinned[name] === undefined) throw new AppError("internal_error", `The input ${name} was lost.`);
    }
    return pinned;
  };
}
