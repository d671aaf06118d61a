import { randomBytes } from "node:crypto";
import { createAttention } from "../jobs/attention.ts";
import { createCancelJob } from "../jobs/cancel-job.ts";
import { createFinishJob } from "../jobs/finish-job.ts";
import { createFollowJob } from "../jobs/follow-job.ts";
import { createGenerate } from "../jobs/generate.ts";
import { type LocalWorker, noLocalWorker } from "../jobs/local-worker.ts";
import { createPrepareJob } from "../jobs/prepare-job.ts";
import { createJobPresenter } from "../jobs/present-job.ts";
import { createReadJob } from "../jobs/read-job.ts";
import { createSubmitJob } from "../jobs/submit-job.ts";
import { createJobWatcher } from "../jobs/watch-jobs.ts";
import type { Backends } from "./backends.ts";
import { composeFileVerbs } from "./files.ts";
import type { Ground } from "./ground.ts";
import type { Messages } from "./messages.ts";
import { composePlatformVerbs } from "./platform.ts";
import type { Assets, Records } from "./storage.ts";
import { composeWebhookVerbs } from "./webhooks.ts";

/** The verbs that callers use. */
export function composeJobs(
  ground: Ground,
  stored: Records,
  assets: Assets,
  backends: Backends,
  { events, knocks }: Messages,
) {
  const { config, log, clock, lifecycle } = ground;
  const { jobs } = stored;
  const isDraining = () => lifecycle.isDraining;
  const attention = createAttention();
  /** Filled when this process works on jobs. */
  const local: { worker: LocalWorker; courier?: { knock(): void } } = { worker: noLocalWorker };
  const knockCourier = () => (local.courier ? local.courier.knock() : knocks.knock({ type: "delivery" }));
  const watcher = createJobWatcher({ jobs, events, log });
  const presenter = createJobPresenter({ presentAsset: assets.presentAsset });
  const finishJob = createFinishJob({ jobs, events, watcher, log, knockOutbox: knockCourier });
  const cancelJob = createCancelJob({ jobs, finishJob, watcher, events });
  const prepareJob = createPrepareJob({
    clock,
    isDraining,
    randomSeed,
    checkEligibility: backends.checkEligibility,
    jobDeadlineMs: config.jobDeadlineMs,
    resolveReference: assets.resolveReference,
    assertUrlAllowed: assets.outgoing.files.assertAllowed,
  });
  const knock = (jobId: string) => {
    if (!local.worker.knock()) knocks.knock({ type: "job", jobId, attempt: 1, epoch: 0 });
  };
  const localWorker = { reserve: (needs: string) => local.worker.reserve(needs) };
  const submitJob = createSubmitJob({ jobs, prepareJob, events, clock, log, localWorker, knock });
  const made = { events, prepareJob, submitJob, finishJob, knock, presenter };
  const deadlineMs = config.syncDeadlineMs;
  return {
    events,
    finishJob,
    knocks,
    local,
    verbs: {
      ...presenter,
      ...composePlatformVerbs(ground, stored, assets, backends, made),
      ...composeFileVerbs(ground, stored, assets),
      ...composeWebhookVerbs(ground, stored, assets, knockCourier),
      submitJob,
      cancelJob,
      generate: createGenerate({ submitJob, cancelJob, watcher, attention, log, isDraining, deadlineMs }),
      readJob: createReadJob({ jobs, watcher, attention }),
      followJob: createFollowJob({ jobs, events, watcher, attention, clock, presentResult: presenter.presentResult }),
    },
  };
}

export type Jobs = ReturnType<typeof composeJobs>;

/** From 0 to `max`, both included; `max` is at most 2^53−1, so the bias of the remainder is less than one part in 2,000. */
function randomSeed(max: number): number {
  return Number(randomBytes(8).readBigUInt64BE() % BigInt(max + 1));
}
