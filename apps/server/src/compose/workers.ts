import { createLocalRemains } from "../adapters/disk/local-remains.ts";
import { toLooseAgeMs } from "../assets/loose-age.ts";
import { createSweepStorage } from "../assets/sweep-storage.ts";
import { createStageInputs } from "../generation/stage-inputs.ts";
import { createStoreOutputs } from "../generation/store-outputs.ts";
import { createPinInputs } from "../jobs/pin-inputs.ts";
import { createRunJob } from "../jobs/run-job.ts";
import type { LifecyclePart } from "../lifecycle.ts";
import { createOrphanSweeper } from "../worker/orphan-sweeper.ts";
import { createStorageSweeper } from "../worker/storage-sweeper.ts";
import { createSweeper } from "../worker/sweeper.ts";
import { createWorker, type Worker } from "../worker/worker.ts";
import type { Backends } from "./backends.ts";
import type { Ground } from "./ground.ts";
import type { Jobs } from "./jobs.ts";
import type { Assets, Records } from "./storage.ts";
import { composeCourier } from "./webhooks.ts";

/** The back door: who runs jobs, ends the overdue and delivers webhooks. */
export async function composeWorkers(ground: Ground, stored: Records, assets: Assets, own: Backends, jobVerbs: Jobs) {
  const { log, lifecycle } = ground;
  const { jobs, orphans } = stored;
  const { owner, busy, pool } = own;
  const { finishJob, knocks, local, verbs } = jobVerbs;
  const worker = await composeWorker(ground, stored, assets, own, jobVerbs);
  busy.isOn = worker.isOn;
  local.worker = worker;
  owner.onChange(worker.noteChange);
  own.onChange(worker.noteChange);
  const courier = composeCourier(ground, stored, assets, verbs);
  local.courier = courier;
  knocks.listen((work) => void (work.type === "job" ? worker : courier).knock());
  const orphanSweeper = createOrphanSweeper({ orphans, ownership: owner, findBackend: pool.find, log });
  lifecycle.add(await composeStorageSweeper(ground, stored, assets));
  for (const part of [courier, createSweeper({ jobs, finishJob, log }), owner, orphanSweeper, worker])
    lifecycle.add(part);
}

async function composeStorageSweeper(
  { config, log, clock, holder }: Ground,
  { storageRecords, settings }: Records,
  { blobs, stores: { directory, cloud } }: Assets,
): Promise<LifecyclePart> {
  const local = await createLocalRemains({ directory, deploymentId: await settings.readDeploymentId() });
  if (!local)
    log.warn({ directory }, "This folder holds files of another deployment: nothing that lies in it is removed.");
  const { retentionMs } = config;
  const sweepStorage = createSweepStorage({
    ...{ records: storageRecords, blobs, holder, log, monotonicMs: clock.monotonicMs },
    looseAgeMs: toLooseAgeMs(config.jobDeadlineMs),
    ...(local && { local }),
    ...(cloud && { cloud }),
    ...(retentionMs !== undefined && { retentionMs }),
  });
  return createStorageSweeper({ sweepStorage, log });
}

async function composeWorker(
  { config, log, clock, holder }: Ground,
  { jobs, records, database, settings }: Records,
  { blobs, storeFile, pinUrl, pinBuiltin }: Assets,
  { pool, owner, configured }: Backends,
  { events, finishJob }: Jobs,
): Promise<Worker> {
  const { leaseMs, failoverMs } = config;
  const runJob = createRunJob({
    ...{ jobs, events, finishJob, pool, clock, log, failoverMs },
    ownership: owner,
    pinInputs: createPinInputs({ jobs, pinUrl, pinBuiltin }),
    stageInputs: createStageInputs({ records, blobs }),
    storeOutputs: createStoreOutputs({ storeFile }),
    deploymentId: await settings.readDeploymentId(),
  });
  const isAlone = database.durability === "process";
  const ways = { ownership: owner, onIdle: owner.noteIdle };
  return createWorker({ jobs, runJob, pool, configured, clock, log, holder, leaseMs, isAlone, ...ways });
}
