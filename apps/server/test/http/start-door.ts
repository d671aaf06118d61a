import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { createOpenApiDocument } from "@comfy/contracts/openapi";
import { createAuthenticate } from "../../src/access/authenticate.ts";
import { createEnvironmentKeyRing } from "../../src/access/environment-keys.ts";
import { createIpGuard } from "../../src/access/ip-guard.ts";
import { createLimitRequest } from "../../src/access/limit-request.ts";
import { createMemoryRateLimiter } from "../../src/access/rate-limiter-memory.ts";
import type { Asset } from "../../src/assets/asset.ts";
import { systemClock } from "../../src/clock.ts";
import { AppError } from "../../src/errors.ts";
import type { HttpDeps, HttpFlags, Verbs } from "../../src/http/app.ts";
import { createHttpServer } from "../../src/http/server.ts";
import { createId } from "../../src/ids.ts";
import { createAttention } from "../../src/jobs/attention.ts";
import { createCancelJob } from "../../src/jobs/cancel-job.ts";
import { createMemoryEventBus } from "../../src/jobs/event-bus-memory.ts";
import { createFinishJob } from "../../src/jobs/finish-job.ts";
import { createFollowJob } from "../../src/jobs/follow-job.ts";
import { createGenerate } from "../../src/jobs/generate.ts";
import { createJobPresenter } from "../../src/jobs/present-job.ts";
import { createReadJob } from "../../src/jobs/read-job.ts";
import { createSubmitJob } from "../../src/jobs/submit-job.ts";
import { createJobWatcher } from "../../src/jobs/watch-jobs.ts";
import { silentLog } from "../../src/log.ts";
import { createMemoryJobs } from "./memory-jobs.ts";

export const SECRET = "a secret of sixteen characters";
export const PRO_KEY = "pro_first";
export const OTHER_KEY = "pro_second";
export const FREE_KEY = "free_third";

const PIXEL = Buffer.from("a picture of one pixel");

export interface DoorOptions {
  /** Milliseconds a synchronous request waits. */
  readonly deadlineMs?: number;
  /** Jobs stay pending until the test ends them. */
  readonly isIdle?: boolean;
  readonly flags?: Partial<HttpFlags>;
  readonly publicUrl?: string;
  readonly failuresPerMinute?: number;
  readonly verbs?: Partial<Verbs>;
  readonly deps?: Partial<HttpDeps>;
}

/** The front door on a real socket, with the real verbs and access rooms; jobs and files live in memory. */
export async function startDoor(options: DoorOptions = {}) {
  const clock = systemClock;
  const log = silentLog;
  const jobs = createMemoryJobs(clock);
  const events = createMemoryEventBus();
  const attention = createAttention();
  const watcher = createJobWatcher({ jobs, events, log, tickMs: 50 });
  const finishJob = createFinishJob({ jobs, events, log, knockOutbox() {} });
  const files = new Map<string, { asset: Asset; bytes: Buffer }>();
  const accepted: string[] = [];

  function keep(ownerId: string, name: string, type: string, bytes: Buffer): Asset {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const asset = { id: createId(), ownerId, name, type, sizeBytes: bytes.length, sha256, createdAtMs: clock.nowMs() };
    files.set(asset.id, { asset, bytes });
    return asset;
  }

  const presentAsset = async ({ id, name, type, sizeBytes }: Asset) => {
    const localPath = `/outputs/${id}/${name}`;
    return { id, name, type, sizeBytes, localPath, url: `${server.url}${localPath}?sig=right` };
  };

  async function complete(jobId: string): Promise<void> {
    const asset = keep("", "portrait.png", "image/png", PIXEL);
    const output = { ...asset, source: "output" as const, blob: { ...asset, location: asset.id } };
    const summary = { model: "flux-schnell", prompt: "a portrait of a Viking warrior" };
    await finishJob({ jobId, ending: { state: "complete", summary, outputs: [output] }, isRefunded: false });
  }

  const submit = createSubmitJob({
    ...{ jobs, events, clock, log },
    jobDeadlineMs: 60_000,
    isDraining: () => false,
    randomSeed: () => 42,
    checkEligibility: async () => ({ ok: true }),
    resolveReference: async () => ({ type: "url" }),
    assertUrlAllowed() {},
    knock() {},
  });
  const submitJob: typeof submit = async (request) => {
    const submitted = await submit(request);
    accepted.push(submitted.job.id);
    if (!options.isIdle && !submitted.isReplay) await complete(submitted.job.id);
    return submitted;
  };
  const presenter = createJobPresenter({ presentAsset });
  const cancelJob = createCancelJob({ jobs, finishJob, watcher, events });
  const { deadlineMs = 5_000 } = options;
  const verbs: Verbs = {
    ...presenter,
    submitJob,
    cancelJob,
    generate: createGenerate({ submitJob, cancelJob, watcher, attention, log, deadlineMs, isDraining: () => false }),
    readJob: createReadJob({ jobs, watcher, attention }),
    followJob: createFollowJob({ jobs, events, watcher, attention, clock, presentResult: presenter.presentResult }),
    async uploadAsset({ caller, name, body }) {
      return presentAsset(keep(caller.ownerId, name, "image/png", await buffer(Readable.from(body))));
    },
    async openLink({ assetId, sig }) {
      if (sig !== "right") throw new AppError("link_invalid", "This link is not one of ours.");
      const file = files.get(assetId);
      if (!file) throw new AppError("asset_not_found", "There is no such file.");
      const headers = { "Content-Type": file.asset.type, "Content-Disposition": 'inline; filename="portrait.png"' };
      const open: Awaited<ReturnType<Verbs["openLink"]>>["open"] = async (range) =>
        Readable.from([file.bytes.subarray(range?.start ?? 0, (range?.end ?? file.bytes.length) + 1)]);
      return { asset: file.asset, headers, open };
    },
    async readHealth() {
      return { status: "healthy", gpu: { reachable: true }, latency_ms: 1, version: "test", durability: "process" };
    },
    ping: async () => ({ reachable: true, latency_ms: 1 }),
    ...options.verbs,
  };

  const keys = createEnvironmentKeyRing({ keys: [PRO_KEY, OTHER_KEY, FREE_KEY], secret: SECRET });
  const spent = new Set<string>();
  const deps: HttpDeps = {
    ...{ log, clock, verbs },
    authenticate: createAuthenticate({ keys, clock }),
    ipGuard: createIpGuard({
      limiter: createMemoryRateLimiter({ clock }),
      clock,
      failuresPerMinute: options.failuresPerMinute ?? 1_000,
    }),
    limitRequest: createLimitRequest({ limiter: createMemoryRateLimiter({ clock }), clock }),
    spendSignature: async ({ hash }) => !spent.has(hash) && !!spent.add(hash),
    flags: { isAsyncEnabled: true, uploadSizeBytesMax: 1024 * 1024, corsOrigins: [], proxyHops: 0, ...options.flags },
    openApiDocument: () => createOpenApiDocument({ version: "test" }),
    ...(options.publicUrl && { publicUrl: options.publicUrl }),
    ...options.deps,
  };
  const server = createHttpServer(deps, { host: "127.0.0.1", port: 0 });
  await server.start(AbortSignal.timeout(5_000));
  return {
    server,
    get url() {
      return server.url;
    },
    jobs,
    events,
    finishJob,
    complete,
    /** Ids in the order they were accepted, replays included. */
    accepted,
    close: () => server.stop(),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

export type Door = Awaited<ReturnType<typeof startDoor>>;
