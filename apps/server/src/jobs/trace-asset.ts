import type { V1AssetDetails } from "@comfy/contracts";
import type { Plan } from "@comfy/workflows";
import type { ShelvedAsset } from "../assets/asset-shelf.ts";
import type { AssetAddress, OwnAssetVerbs } from "../assets/own-assets.ts";
import type { Job } from "./job.ts";
import type { JobStore } from "./job-store.ts";

export type Provenance = NonNullable<V1AssetDetails["provenance"]>;

/** A file of this owner and, for an output, how it was made. @throws AppError `asset_not_found` */
export type TraceAsset = (
  address: AssetAddress,
) => Promise<{ readonly asset: ShelvedAsset; readonly provenance?: Provenance }>;

export interface TraceAssetDeps extends Pick<OwnAssetVerbs, "findOwnAsset"> {
  readonly jobs: Pick<JobStore, "find">;
}

/** The values that the model was given, the words as a person wrote them. */
function toInput({ variants, media }: Plan, model: string | undefined): Provenance["input"] {
  const variant = variants.find((one) => one.model === model) ?? variants[0];
  const { positive, negative } = variant?.words ?? {};
  return {
    ...variant?.values,
    ...(positive !== undefined && { positive }),
    ...(negative !== undefined && { negative }),
    ...Object.fromEntries(
      media.map(({ name, reference }) => [name, reference.from === "caller" ? reference.text : reference.file]),
    ),
  };
}

function toProvenance({ kind, plan, seed, summary }: Job): Provenance {
  return {
    workflow: kind,
    version: plan.version,
    seed,
    ...(summary && { model: summary.model }),
    ...(summary?.prompt !== undefined && { prompt: summary.prompt }),
    input: toInput(plan, summary?.model),
  };
}

export function createTraceAsset({ jobs, findOwnAsset }: TraceAssetDeps): TraceAsset {
  return async function traceAsset(address) {
    const asset = await findOwnAsset(address);
    // Jobs that ended long ago are forgotten; the file may outlive its own.
    const job = asset.jobId === undefined ? undefined : await jobs.find(asset.jobId);
    return { asset, ...(job && { provenance: toProvenance(job) }) };
  };
}
