import { randomBytes } from "node:crypto";
import { createComfyUiBackend } from "../adapters/comfyui/create-backend.ts";
import { announceBackends } from "../generation/announce-backends.ts";
import { createBackendPool } from "../generation/backend-pool.ts";
import { createStageInputs } from "../generation/stage-inputs.ts";
import { createStoreOutputs } from "../generation/store-outputs.ts";
import { createAttention } from "../jobs/attention.ts";
import { createCancelJob } from "../jobs/cancel-job.ts";
import { createDispatchJob } from "../jobs/dispatch-job.ts";
import { createMemoryEventBus } from "../jobs/event-bus-memory.ts";
import { createFinishJob } from "../jobs/finish-job.ts";
import { createFollowJob } from "../jobs/follow-job.ts";
import { createGenerate } from "../jobs/generate.ts";
import { createPinInputs } from "../jobs/pin-inputs.ts";
import { createPrepareJob } from "../jobs/prepare-job.ts";
import { createJobPresenter } from "../jobs/present-job.ts";
import { createReadJob } from "../jobs/read-job.ts";
import { createRunJob } from "../jobs/run-job.ts";
import { createSubmitJob } from "../jobs/submit-job.ts";
import { createJobWatcher } from "../jobs/watch-jobs.ts";
import { createCheckEligibility } from "../library/check-eligibility.ts";
import { createInventoryCache } from "../library/inventory-cache.ts";
import { createSweeper } from "../worker/sweeper.ts";
import { createWorker } from "../worker/worker.ts";
import type { Ground } from "./ground.ts";
import type { Assets, Records } from "./storage.ts";
import { composeCourier, composeWebhookVerbs } from "./webhooks.ts";

/** What a backend said about its nodes and models is believed this long without asking again. */
const INVENTORY_FRESH_MS = 60_000;

/** What renders, and what is known about it. */
export function composeBackends({ config, log, clock, lifecycle }: Ground) {
  const backends = config.backends.map(({ unreachableAfterMs = config.failoverMs, ...backend }) =>
    // Whoever sent a prompt may go on for as long as its lease; then its request may still be under way.
    createComfyUiBackend({ ...backend, unreachableAfterMs, graceMs: 2 * config.leaseMs, log, clock }),
  );
  lifecycle.add({
    name: "backends",
    // Not awaited: the service is there for jobs that wait, whether or not a backend is.
    start: async () => void announceBackends(backends, log),
    stop: async () => void (await Promise.all(backends.map((backend) => backend.close()))),
  });
  const inventories = createInventoryCache({ backends, clock, freshMs: INVENTORY_FRESH_MS, log });
  lifecycle.add({ name: "inventories", stop: inventories.close });
  const pool = createBackendPool({ backends, slotsPerBackend: config.backends[0]?.slots ?? 1, inventories, log });
  const checkEligibility = createCheckEligibility({ backends, inventories, freshMs: INVENTORY_FRESH_MS });
  return { backends, pool, checkEligibility };
}

export type Backends = ReturnType<typeof composeBackends>;

/** The verbs that callers use. */
export function composeJobs(ground: Ground, stored: Records, assets: Assets, { checkEligibility }: Backends) {
  const { config, log, clock, lifecycle } = ground;
  const { jobs } = stored;
  const isDraining = () => lifecycle.isDraining;
  const events = createMemoryEventBus();
  const attention = createAttention();
  const knocks = { worker: () => {}, courier: () => {} };
  const watcher = createJobWatcher({ jobs, events, log });
  const presenter = createJobPresenter({ presentAsset: assets.presentAsset });
  const finishJob = createFinishJob({ jobs, events, log, knockOutbox: () => knocks.courier() });
  const cancelJob = createCancelJob({ jobs, finishJob, watcher, events });
  const prepareJob = createPrepareJob({
    clock,
    isDraining,
    randomSeed,
    checkEligibility,
    jobDeadlineMs: config.jobDeadlineMs,
    resolveReference: assets.resolveReference,
    assertUrlAllowed: assets.outgoing.files.assertAllowed,
  });
  const submitJob = createSubmitJob({ jobs, prepareJob, events, clock, log, knock: () => knocks.worker() });
  const deadlineMs = config.syncDeadlineMs;
  return {
    events,
    finishJob,
    /** Filled by whoever works on what was accepted. */
    knocks,
    verbs: {
      ...presenter,
      ...composeWebhookVerbs(ground, stored, assets, () => knocks.courier()),
      submitJob,
      cancelJob,
      generate: createGenerate({ submitJob, cancelJob, watcher, attention, log, isDraining, deadlineMs }),
      readJob: createReadJob({ jobs, watcher, attention }),
      followJob: createFollowJob({ jobs, events, watcher, attention, clock, presentResult: presenter.presentResult }),
    },
  };
}

export type Jobs = ReturnType<typeof composeJobs>;

/** The back door: who runs jobs, ends the overdue and delivers callbacks. */
export async function composeWorkers(ground: Ground, stored: Records, assets: Assets, { pool }: Backends, own: Jobs) {
  const { log, clock, holder, lifecycle } = ground;
  const { jobs, records, database, settings } = stored;
  const { events, finishJob, knocks, verbs } = own;
  const { blobs, storeFile, pinUrl, pinBuiltin } = assets;
  const runJob = createRunJob({
    jobs,
    events,
    finishJob,
    clock,
    log,
    pinInputs: createPinInputs({ jobs, pinUrl, pinBuiltin }),
    dispatchJob: createDispatchJob({
      jobs,
      events,
      clock,
      acquireBackend: pool.acquire,
      stageInputs: createStageInputs({ records, blobs }),
      deploymentId: await settings.readDeploymentId(),
    }),
    findBackend: pool.find,
    storeOutputs: createStoreOutputs({ storeFile }),
  });
  const runsMax = 2 * pool.slotCount;
  const worker = createWorker({ jobs, runJob, log, holder, runsMax, isAlone: database.durability === "process" });
  const courier = composeCourier(ground, stored, assets, { presenter: verbs, presentV1Job: verbs.presentJob });
  knocks.worker = worker.knock;
  knocks.courier = courier.knock;
  for (const part of [courier, createSweeper({ jobs, finishJob, log }), worker]) lifecycle.add(part);
}

/** From 0 to `max`, both included; `max` is at most 2^53−1, so the bias of the remainder is less than one part in 2,000. */
function randomSeed(max: number): number {
  return Number(randomBytes(8).readBigUInt64BE() % BigInt(max + 1));
}
