import { isTerminal } from "@comfy/contracts";
import type { OpenAsset, OpenedAsset } from "../assets/open-asset.ts";
import { AppError } from "../errors.ts";
import { findOwnJob } from "./find-own-job.ts";
import type { JobStore } from "./job-store.ts";

export interface OpenResultDeps {
  readonly jobs: Pick<JobStore, "find">;
  readonly openAsset: OpenAsset;
}

/** @throws AppError `job_not_found`, `job_not_finished`, `no_result`, `asset_not_found` */
export type OpenResult = (request: {
  readonly ownerId: string;
  readonly id: string;
  /** Which output; 0 is the first. */
  readonly output: number;
}) => Promise<OpenedAsset>;

/** Opens an output of a completed job for its owner, without a link. */
export function createOpenResult({ jobs, openAsset }: OpenResultDeps): OpenResult {
  return async function openResult({ output, ...address }) {
    const job = await findOwnJob(jobs, address);
    if (!isTerminal(job.state)) throw new AppError("job_not_finished", "The job has not ended yet.", { job });
    if (job.state !== "complete") {
      throw new AppError("no_result", `The job ended without a result: it is ${job.state}.`, { job });
    }
    const asset = job.outputs[output];
    const opened = asset && (await openAsset(asset.id));
    if (opened) return opened;
    if (asset) throw new AppError("asset_not_found", "The file is gone.", { job });
    const count = job.outputs.length;
    throw new AppError("asset_not_found", `?output: the job has ${count} outputs, counted from 0; got ${output}.`, {
      job,
    });
  };
}
