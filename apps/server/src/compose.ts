import { createOpenApiDocument } from "@comfy/contracts/openapi";
import { createAuthenticate } from "./access/authenticate.ts";
import { withCountedRequests } from "./access/request-counter.ts";
import { createStreamTickets } from "./access/stream-tickets.ts";
import { systemClock } from "./clock.ts";
import { type Backends, composeBackends } from "./compose/backends.ts";
import type { Ground } from "./compose/ground.ts";
import { composeJobs, type Jobs } from "./compose/jobs.ts";
import { composeKeys } from "./compose/keys.ts";
import { composeLimits, type Limits } from "./compose/limits.ts";
import { composeMessages } from "./compose/messages.ts";
import { composeSnapshots } from "./compose/snapshots.ts";
import { type Assets, composeAssets, composeRecords, type Records } from "./compose/storage.ts";
import { composeUsage } from "./compose/usage.ts";
import { composeOverview, composeUsers } from "./compose/users.ts";
import { composeWorkers } from "./compose/workers.ts";
import type { Config } from "./config.ts";
import { createHealthVerbs } from "./health.ts";
import { createHealthServer } from "./http/health-server.ts";
import { createHttpServer } from "./http/server.ts";
import { createId } from "./ids.ts";
import { createLifecycle, type Lifecycle } from "./lifecycle.ts";

export interface Service {
  readonly lifecycle: Lifecycle;
  /** Where callers reach it, once it has started. */
  readonly url: string;
}

/** Puts the service together, bottom up. This file and its folder alone know everybody; nothing is decided here. */
export async function compose(config: Config, options: Pick<Ground, "log" | "version" | "knocks">): Promise<Service> {
  const { log } = options;
  const lifecycle = createLifecycle({ log, drainTimeoutMs: config.drainTimeoutMs });
  const publicUrl = (): string => config.publicUrl ?? http.url;
  const publicUrls = () => [publicUrl(), http.url];
  const ground: Ground = {
    ...options,
    config,
    lifecycle,
    clock: systemClock,
    holder: createId(),
    publicUrl,
    publicUrls,
  };

  const records = await composeRecords(ground);
  composeSnapshots(ground, records);
  const assets = await composeAssets(ground, records);
  const messages = await composeMessages(ground, records);
  const backends = composeBackends(ground, records);
  const jobs = composeJobs(ground, records, assets, backends, messages);
  if (config.role !== "http") await composeWorkers(ground, records, assets, backends, jobs);
  const http =
    config.role === "worker"
      ? composeHealth(ground, records, backends)
      : await composeHttp(ground, records, assets, backends, jobs, composeLimits(ground, messages));
  return {
    lifecycle,
    get url() {
      return publicUrl();
    },
  };
}

/** The only door of a process that takes no requests. */
function composeHealth(ground: Ground, stored: Records, own: Backends) {
  const { config, log, lifecycle } = ground;
  const health = createHealthServer({ verbs: composeHealthVerbs(ground, stored, own), log }, config);
  lifecycle.add(health);
  return health;
}

function composeHealthVerbs({ version, lifecycle }: Ground, { database }: Records, { backends, health }: Backends) {
  const { durability, check: checkDatabase } = database;
  const isDraining = () => lifecycle.isDraining;
  return createHealthVerbs({ backends, backendHealth: health, version, durability, checkDatabase, isDraining });
}

/** The front door. */
async function composeHttp(ground: Ground, stored: Records, assets: Assets, own: Backends, jobs: Jobs, limits: Limits) {
  const { config, log, clock, version, lifecycle, publicUrl } = ground;
  const { keys, verbs: keyVerbs } = composeKeys(ground, stored);
  const { uploadAsset, openLink } = assets;
  const usage = composeUsage(ground, stored);
  const users = await composeUsers(ground, stored, limits);
  const authenticate = createAuthenticate({ keys, clock, limits: config.tierLimits, sessions: users.sessions });
  const { isStillWelcome } = authenticate;
  const http = createHttpServer(
    {
      log,
      clock,
      authenticate,
      ipGuard: limits.ipGuard,
      limitRequest: withCountedRequests(limits.limitRequest, usage.counter),
      spendSignature: stored.signatures.spend,
      streamTickets: createStreamTickets({ store: stored.tickets, isStillWelcome }),
      verbs: {
        ...jobs.verbs,
        ...composeHealthVerbs(ground, stored, own),
        uploadAsset,
        openLink,
        readUsage: usage.readUsage,
        ...users.verbs,
        ...keyVerbs,
        ...composeOverview(ground, stored, jobs),
      },
      flags: config,
      openApiDocument: () => createOpenApiDocument({ version, serverUrl: publicUrl() }),
      ...(config.publicUrl !== undefined && { publicUrl: config.publicUrl }),
    },
    { host: config.host, port: config.port },
  );
  lifecycle.add(http);
  return http;
}
