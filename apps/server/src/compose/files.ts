import { createFileVerbs } from "../assets/file-verbs.ts";
import { createTraceAsset } from "../jobs/trace-asset.ts";
import type { Ground } from "./ground.ts";
import type { Assets, Records } from "./storage.ts";

/** What callers do with files: bring them, look at them, take them away. */
export function composeFileVerbs({ config, clock, publicUrl }: Ground, stored: Records, assets: Assets) {
  const { uploads, shelf, records, linkKeys, jobs } = stored;
  const { uploadSizeBytesMax } = config;
  const { files } = assets.outgoing;
  const verbs = createFileVerbs({
    ...{ clock, publicUrl, uploads, shelf, records, linkKeys, files, uploadSizeBytesMax },
    ...assets,
  });
  return { ...verbs, traceAsset: createTraceAsset({ jobs, findOwnAsset: verbs.findOwnAsset }) };
}
