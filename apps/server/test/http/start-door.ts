import { createOpenApiDocument } from "@comfy/contracts/openapi";
import { onTestFinished } from "vitest";
import { createAuthenticate } from "../../src/access/authenticate.ts";
import { createEnvironmentKeyRing } from "../../src/access/environment-keys.ts";
import { createIpGuard } from "../../src/access/ip-guard.ts";
import { createKeyUses } from "../../src/access/key-uses.ts";
import { createLimitRequest } from "../../src/access/limit-request.ts";
import { createKeyVerbs } from "../../src/access/manage-keys.ts";
import { createMemoryRateLimiter } from "../../src/access/rate-limiter-memory.ts";
import { createKeyRings, createStoredKeyRing } from "../../src/access/stored-keys.ts";
import { createStreamTickets, type TicketRecord, type TicketStore } from "../../src/access/stream-tickets.ts";
import { systemClock as clock } from "../../src/clock.ts";
import type { HttpDeps, HttpFlags, Verbs } from "../../src/http/app.ts";
import { createHttpServer, type HttpServerOptions } from "../../src/http/server.ts";
import { silentLog as log } from "../../src/log.ts";
import { testSealer } from "../sealer.ts";
import { type DoorVerbsOptions, openDoorVerbs } from "./door-verbs.ts";
import { createMemoryKeyStore } from "./memory-keys.ts";

export const SECRET = "a secret of sixteen characters";
export const PRO_KEY = "pro_first";
export const OTHER_KEY = "pro_second";
export const FREE_KEY = "free_third";
export const ADMIN_KEY = "pro_operator";

export interface DoorOptions {
  /** Milliseconds a synchronous request waits. */
  readonly deadlineMs?: number;
  /** Jobs stay pending until the test ends them. */
  readonly isIdle?: boolean;
  readonly flags?: Partial<HttpFlags>;
  readonly checkEligibility?: DoorVerbsOptions["checkEligibility"];
  readonly publicUrl?: string;
  readonly failuresPerMinute?: number;
  /** Verbs that do something else. */
  readonly verbs?: Partial<Verbs>;
  readonly deps?: Partial<HttpDeps>;
  readonly timeouts?: HttpServerOptions["timeouts"];
}

/** Tickets in memory, without a clock: the database's own suite holds the real store to its promises. */
function createMemoryTicketStore(): TicketStore {
  const records = new Map<string, TicketRecord>();
  return {
    insert: async (record) => void records.set(record.hash, record),
    async take(hash) {
      const record = records.get(hash);
      records.delete(hash);
      return record;
    },
  };
}

function openAccess(failuresPerMinute = 1_000) {
  const entries = [PRO_KEY, OTHER_KEY, FREE_KEY, `operator:${ADMIN_KEY}`];
  const environment = createEnvironmentKeyRing({ keys: entries, secret: SECRET, admins: ["operator"] });
  const store = createMemoryKeyStore();
  const uses = createKeyUses({ store, clock, log, gatherMs: 0 });
  const { rankOf } = environment;
  const stored = createStoredKeyRing({ store, sealer: testSealer, clock, uses, rankOf });
  const keys = createKeyRings([environment, stored]);
  const spent = new Set<string>();
  const authenticate = createAuthenticate({ keys, clock });
  const { isStillWelcome } = authenticate;
  const deps = {
    authenticate,
    ipGuard: createIpGuard({ limiter: createMemoryRateLimiter({ clock }), clock, failuresPerMinute }),
    limitRequest: createLimitRequest({ limiter: createMemoryRateLimiter({ clock }), clock }),
    spendSignature: async ({ hash }: { hash: string }) => !spent.has(hash) && !!spent.add(hash),
    streamTickets: createStreamTickets({ store: createMemoryTicketStore(), isStillWelcome }),
  };
  return { deps, keyVerbs: createKeyVerbs({ store, sealer: testSealer, clock }) };
}

/** The front door on a real socket, closed when the test is over. */
export async function startDoor(options: DoorOptions = {}) {
  const flags = { isAsyncEnabled: true, uploadSizeBytesMax: 200_000, corsOrigins: [], proxyHops: 0, ...options.flags };
  const rooms = await openDoorVerbs({
    deadlineMs: options.deadlineMs ?? 5_000,
    isIdle: options.isIdle ?? false,
    uploadSizeBytesMax: flags.uploadSizeBytesMax,
    publicUrl: () => server.url,
    ...(options.checkEligibility && { checkEligibility: options.checkEligibility }),
  });
  const access = openAccess(options.failuresPerMinute);
  const deps: HttpDeps = {
    ...{ log, clock, flags },
    ...access.deps,
    verbs: { ...rooms.verbs, ...access.keyVerbs, ...options.verbs },
    openApiDocument: () => createOpenApiDocument({ version: "test" }),
    ...(options.publicUrl && { publicUrl: options.publicUrl }),
    ...options.deps,
  };
  const server = createHttpServer(deps, {
    host: "127.0.0.1",
    port: 0,
    ...(options.timeouts && { timeouts: options.timeouts }),
  });
  await server.start(AbortSignal.timeout(5_000));
  const close = async () => {
    await server.stop();
    await rooms.close();
  };
  onTestFinished(close);
  const { jobs, events, finishJob, complete, accepted, records, directory } = rooms;
  return { server, deps, url: server.url, records, directory, jobs, events, finishJob, complete, accepted, close };
}

export type Door = Awaited<ReturnType<typeof startDoor>>;
