import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KeyVerbs } from "../../src/access/manage-keys.ts";
import { createDiskBlobStore } from "../../src/adapters/disk/blob-store.ts";
import { createOutgoing } from "../../src/adapters/fetch/outgoing.ts";
import { createStripLocation } from "../../src/adapters/sharp/strip-location.ts";
import { createPictureHeader } from "../../src/adapters/sniff/picture-header.ts";
import { createTypeSniffer } from "../../src/adapters/sniff/type-sniffer.ts";
import { createCheckPicture } from "../../src/assets/check-picture.ts";
import { createFileVerbs } from "../../src/assets/file-verbs.ts";
import { createLinkSigner } from "../../src/assets/link-signer.ts";
import { createOpenAsset } from "../../src/assets/open-asset.ts";
import { createOpenLink } from "../../src/assets/open-link.ts";
import { createPresentAsset } from "../../src/assets/present-asset.ts";
import { createStoreFile } from "../../src/assets/store-file.ts";
import { createUploadAsset } from "../../src/assets/upload-asset.ts";
import { systemClock as clock } from "../../src/clock.ts";
import type { Verbs } from "../../src/http/app.ts";
import { createAttention } from "../../src/jobs/attention.ts";
import { createCancelBatch } from "../../src/jobs/cancel-batch.ts";
import { createCancelJob } from "../../src/jobs/cancel-job.ts";
import { createMemoryEventBus } from "../../src/jobs/event-bus-memory.ts";
import { createFinishJob } from "../../src/jobs/finish-job.ts";
import { createFollowJob } from "../../src/jobs/follow-job.ts";
import { createGenerate } from "../../src/jobs/generate.ts";
import { createListJobs } from "../../src/jobs/list-jobs.ts";
import { noLocalWorker } from "../../src/jobs/local-worker.ts";
import { createOpenResult } from "../../src/jobs/open-result.ts";
import { createPrepareJob, type PrepareJobDeps } from "../../src/jobs/prepare-job.ts";
import { createJobPresenter } from "../../src/jobs/present-job.ts";
import { createV1JobPresenter } from "../../src/jobs/present-v1-job.ts";
import { createReadBatch } from "../../src/jobs/read-batch.ts";
import { createReadJob } from "../../src/jobs/read-job.ts";
import { createReadUsage } from "../../src/jobs/read-usage.ts";
import { createRetryJob } from "../../src/jobs/retry-job.ts";
import { createSubmitBatch } from "../../src/jobs/submit-batch.ts";
import { createSubmitJob } from "../../src/jobs/submit-job.ts";
import { createTraceAsset } from "../../src/jobs/trace-asset.ts";
import { createJobWatcher } from "../../src/jobs/watch-jobs.ts";
import { silentLog as log } from "../../src/log.ts";
import { heads } from "../assets/files.ts";
import { createMemoryLinkKeys, createMemoryRecords } from "../assets/memory-records.ts";
import { createMemoryUploads } from "../assets/memory-uploads.ts";
import { createMemoryBackends } from "./memory-backends.ts";
import { createMemoryJobs } from "./memory-jobs.ts";
import { createMemoryUsage } from "./memory-usage.ts";
import { userVerbs } from "./no-users.ts";
import { webhookVerbs } from "./no-webhooks.ts";

export interface DoorVerbsOptions {
  /** Milliseconds a synchronous request waits. */
  readonly deadlineMs: number;
  /** Jobs stay pending until the test ends them. */
  readonly isIdle: boolean;
  readonly uploadSizeBytesMax: number;
  readonly publicUrl: () => string;
  readonly checkEligibility?: PrepareJobDeps["checkEligibility"];
}

async function openAssets({ publicUrl, uploadSizeBytesMax }: DoorVerbsOptions) {
  const directory = await mkdtemp(join(tmpdir(), "door-"));
  const records = createMemoryRecords();
  const blobs = await createDiskBlobStore({ directory });
  const keys = createMemoryLinkKeys({ id: "k1", secret: Buffer.alloc(32, 7) });
  const links = createLinkSigner({ keys, publicUrl, clock, ttlMs: 3_600_000 });
  const checkPicture = createCheckPicture({ header: createPictureHeader(), pixelsMax: 1_000_000 });
  const storeFile = createStoreFile({ blobs, sniffer: createTypeSniffer(), checkPicture });
  const presentAsset = createPresentAsset({ links });
  const stripLocation = await createStripLocation({ directory: join(directory, "rewriting"), pixelsMax: 1_000_000 });
  const openAsset = createOpenAsset({ records, blobs });
  const outgoing = createOutgoing({ arePrivateUrlsAllowed: true });
  const uploads = createMemoryUploads();
  const fileVerbs = createFileVerbs({
    ...{
      clock,
      records,
      blobs,
      storeFile,
      stripLocation,
      openAsset,
      presentAsset,
      links,
      publicUrl,
      uploadSizeBytesMax,
    },
    ...{ uploads, shelf: records.shelf, files: outgoing.files, linkKeys: keys },
  });
  return {
    fileVerbs,
    directory,
    storeFile,
    presentAsset,
    uploadAsset: createUploadAsset({ uploads, storeFile, records, presentAsset, stripLocation, uploadSizeBytesMax }),
    openAsset,
    openLink: createOpenLink({ links, openAsset }),
    records,
    async close() {
      await outgoing.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The real verbs over jobs and records in memory and files on disk; a job is rendered as soon as it is accepted. */
export async function openDoorVerbs(options: DoorVerbsOptions) {
  const assets = await openAssets(options);
  const { presentAsset } = assets;
  const { batches, ...jobs } = createMemoryJobs(clock);
  const events = createMemoryEventBus();
  const attention = createAttention();
  const watcher = createJobWatcher({ jobs, events, log, tickMs: 50 });
  const finishJob = createFinishJob({ jobs, events, watcher, log, knockOutbox() {} });
  const accepted: string[] = [];

  /** Ends a job as a worker does. */
  async function complete(jobId: string): Promise<void> {
    const { signal } = new AbortController();
    async function* body() {
      yield heads.png;
    }
    const file = { name: "portrait.png", body: body(), source: "output" as const, sizeBytesMax: 1_000_000, signal };
    const output = await assets.storeFile(file);
    const owner = (await jobs.find(jobId))?.ownerId ?? "";
    await assets.records.insert(owner, output);
    assets.records.setJob(output.id, jobId);
    const summary = { model: "flux-schnell", prompt: "a portrait of a Viking warrior" };
    await finishJob({ jobId, ending: { state: "complete", summary, outputs: [output] }, isRefunded: false });
  }

  const prepareJob = createPrepareJob({
    clock,
    jobDeadlineMs: 60_000,
    isDraining: () => false,
    randomSeed: () => 42,
    checkEligibility: options.checkEligibility ?? (async () => ({ ok: true })),
    resolveReference: async () => ({ type: "url" }),
    assertUrlAllowed() {},
  });
  const submit = createSubmitJob({ jobs, prepareJob, events, clock, log, localWorker: noLocalWorker, knock() {} });
  const submitJob: typeof submit = async (request) => {
    const submitted = await submit(request);
    accepted.push(submitted.job.id);
    if (!options.isIdle && !submitted.isReplay) await complete(submitted.job.id);
    return submitted;
  };
  const presenter = createJobPresenter({ presentAsset });
  const { presentResult } = presenter;
  const cancelJob = createCancelJob({ jobs, finishJob, watcher, events });
  const { deadlineMs } = options;
  const verbs: Omit<Verbs, keyof KeyVerbs> = {
    ...presenter,
    ...createV1JobPresenter(presenter),
    ...createMemoryBackends(),
    submitJob,
    listJobs: createListJobs({ jobs }),
    retryJob: createRetryJob({ jobs, submitJob }),
    openResult: createOpenResult({ jobs, openAsset: assets.openAsset }),
    submitBatch: createSubmitBatch({ jobs, prepareJob, events, clock, log, knock() {} }),
    readBatch: createReadBatch({ batches, jobs }),
    cancelBatch: createCancelBatch({ batches, jobs, finishJob, events }),
    cancelJob,
    generate: createGenerate({ submitJob, cancelJob, watcher, attention, log, deadlineMs, isDraining: () => false }),
    readJob: createReadJob({ jobs, watcher, attention }),
    followJob: createFollowJob({ jobs, events, watcher, attention, clock, presentResult }),
    ...assets.fileVerbs,
    traceAsset: createTraceAsset({ jobs, findOwnAsset: assets.fileVerbs.findOwnAsset }),
    uploadAsset: assets.uploadAsset,
    openLink: assets.openLink,
    ...webhookVerbs,
    ...userVerbs,
    readUsage: createReadUsage({ usage: createMemoryUsage(), clock }),
    readHealth: async () => ({
      status: "healthy",
      gpu: { reachable: true },
      latency_ms: 1,
      version: "test",
      durability: "process",
    }),
    ping: async () => ({ reachable: true, latency_ms: 1 }),
  };
  const { records, directory } = assets;
  return { records, directory, verbs, jobs, events, finishJob, complete, accepted, close: assets.close };
}
