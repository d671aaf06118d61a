import { createOpenApiDocument } from "@comfy/contracts/openapi";
import { createAuthenticate } from "./access/authenticate.ts";
import { createEnvironmentKeyRing } from "./access/environment-keys.ts";
import { createIpGuard } from "./access/ip-guard.ts";
import { createLimitRequest } from "./access/limit-request.ts";
import { createMemoryRateLimiter } from "./access/rate-limiter-memory.ts";
import { systemClock } from "./clock.ts";
import type { Ground } from "./compose/ground.ts";
import { type Backends, composeBackends, composeJobs, composeWorkers, type Jobs } from "./compose/jobs.ts";
import { type Assets, composeAssets, composeRecords, type Records } from "./compose/storage.ts";
import type { Config } from "./config.ts";
import { createHealthVerbs } from "./health.ts";
import { createHttpServer } from "./http/server.ts";
import { createId } from "./ids.ts";
import { createLifecycle, type Lifecycle } from "./lifecycle.ts";
import type { Log } from "./log.ts";

export interface Service {
  readonly lifecycle: Lifecycle;
  /** Where callers reach it, once it has started. */
  readonly url: string;
}

/** Puts the service together, bottom up. This file and its folder alone know everybody; nothing is decided here. */
export async function compose(
  config: Config,
  options: { readonly log: Log; readonly version: string },
): Promise<Service> {
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
  const assets = await composeAssets(ground, records);
  const backends = composeBackends(ground);
  const jobs = composeJobs(ground, records, assets, backends);
  await composeWorkers(ground, records, assets, backends, jobs);
  const http = composeHttp(ground, records, assets, backends, jobs);
  return {
    lifecycle,
    get url() {
      return publicUrl();
    },
  };
}

/** The front door. */
function composeHttp(ground: Ground, stored: Records, assets: Assets, { backends }: Backends, jobs: Jobs) {
  const { config, log, clock, version, lifecycle, publicUrl } = ground;
  const { durability, check: checkDatabase } = stored.database;
  const isDraining = () => lifecycle.isDraining;
  const limiter = createMemoryRateLimiter({ clock });
  const keys = createEnvironmentKeyRing({ keys: config.apiKeys, secret: config.apiSecret, limits: config.keyLimits });
  const { uploadAsset, openLink } = assets;
  const http = createHttpServer(
    {
      log,
      clock,
      authenticate: createAuthenticate({ keys, clock, limits: config.tierLimits }),
      // Strangers choose its subjects, so a flood of them must not push the owners' counters out.
      ipGuard: createIpGuard({ limiter: createMemoryRateLimiter({ clock }), clock }),
      limitRequest: createLimitRequest({ limiter, clock }),
      spendSignature: stored.signatures.spend,
      verbs: {
        ...jobs.verbs,
        ...createHealthVerbs({ backends, clock, version, durability, checkDatabase, isDraining }),
        uploadAsset,
        openLink,
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
