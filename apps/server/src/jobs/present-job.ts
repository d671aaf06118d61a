import { type Asset as AssetBody, type JobResult, jobStateWords, type ProductJob } from "@comfy/contracts";
import type { Asset } from "../assets/asset.ts";
import { AppError } from "../errors.ts";
import type { Job } from "./job.ts";

export interface PresentJobDeps {
  /** An asset with a link that was signed just now. */
  readonly presentAsset: (asset: Asset) => Promise<AssetBody>;
}

export interface JobPresenter {
  /** What a finished job gave, in the words of the product surface. */
  presentResult(job: Job): Promise<JobResult>;
  /** What a poller of the product surface reads. */
  presentJob(job: Job): Promise<ProductJob>;
}

const toIso = (timeMs: number): string => new Date(timeMs).toISOString();

/** Jobs as callers see them. Links are signed anew at each read, so an old job's result opens as well as a new one's. */
export function createJobPresenter({ presentAsset }: PresentJobDeps): JobPresenter {
  async function presentResult(job: Job): Promise<JobResult> {
    const [first, ...others] = await Promise.all(job.outputs.map(presentAsset));
    if (first === undefined || job.summary === undefined) {
      throw new AppError("output_unavailable", "The outputs of this job are gone.", { job });
    }
    return {
      localPath: first.localPath,
      signedUrl: first.url,
      taskId: job.id,
      seed: job.seed,
      assets: [first, ...others],
      model: job.summary.model,
      ...(job.summary.prompt !== undefined && { prompt: job.summary.prompt }),
    };
  }

  async function presentJob(job: Job): Promise<ProductJob> {
    const status = jobStateWords[job.state].product;
    const base = { id: job.id, createdAt: toIso(job.createdAtMs), seed: job.seed };
    const completedAt = toIso(job.completedAtMs ?? job.createdAtMs);
    switch (status) {
      case "pending":
      case "processing":
        return { ...base, status, progress: job.progress ?? { value: 0 } };
      case "complete":
        return {
          ...base,
          status,
          progress: { value: 1 },
          result: { status: "complete", result: await presentResult(job) },
          completedAt,
        };
      case "failed":
      case "cancelled": {
        const { code, message, details } = job.failure ?? { code: "internal_error", message: "No reason was kept." };
        const progress = job.progress ?? { value: 0 };
        return {
          ...base,
          status,
          progress,
          error: message,
          code,
          ...(details !== undefined && { details }),
          completedAt,
        };
      }
    }
  }

  return { presentResult, presentJob };
}
