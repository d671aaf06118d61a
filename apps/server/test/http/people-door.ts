import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { createAccountVerbs } from "../../src/access/account-verbs.ts";
import { createAuthThrottle } from "../../src/access/auth-throttle.ts";
import { createAuthenticate } from "../../src/access/authenticate.ts";
import { createEnvironmentKeyRing } from "../../src/access/environment-keys.ts";
import { createPasswords } from "../../src/access/passwords.ts";
import { createMemoryRateLimiter } from "../../src/access/rate-limiter-memory.ts";
import { createUserAdminVerbs } from "../../src/access/user-admin.ts";
import { createSessions } from "../../src/access/verify-session.ts";
import { createAuditLog } from "../../src/adapters/database/audit-log.ts";
import { createDatabase, type Database } from "../../src/adapters/database/create-database.ts";
import { createOverviewStore } from "../../src/adapters/database/overview.ts";
import { createSessionKeys } from "../../src/adapters/database/session-keys.ts";
import { createSessionStore } from "../../src/adapters/database/sessions.ts";
import { createUserStore } from "../../src/adapters/database/users.ts";
import { createAccessTokens } from "../../src/adapters/jose/access-tokens.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import { createId } from "../../src/ids.ts";
import { createReadStats } from "../../src/jobs/read-stats.ts";
import { type Log, silentLog as log } from "../../src/log.ts";
import { prepareEmbedded } from "../ports/embedded-template.ts";
import { testSealer } from "../sealer.ts";
import { send } from "./call.ts";
import { createMemoryBackends } from "./memory-backends.ts";
import { ADMIN_KEY, type Door, type DoorOptions, PRO_KEY, SECRET, startDoor } from "./start-door.ts";

export const PASSWORD = "correct horse battery";

export const newEmail = () => `${createId()}@example.com`;

export interface PeopleOptions extends DoorOptions {
  readonly isRegistrationOpen?: boolean;
  readonly clock?: Clock;
  /** Where refused logins are told. */
  readonly accountLog?: Log;
}

/** One embedded database for the tests of a file, and doors to it where people can log in. Users of earlier tests stay. */
export function usePeople() {
  let directory: string;
  let database: Database;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "comfy-people-"));
    await prepareEmbedded(directory);
    database = await createDatabase({ directory, log });
  }, 120_000);
  afterAll(async () => {
    await database.close();
    await rm(directory, { recursive: true });
  });

  async function open({
    isRegistrationOpen = true,
    clock = systemClock,
    accountLog = log,
    ...options
  }: PeopleOptions = {}) {
    const { db } = database;
    const [users, sessions, audit] = [createUserStore(db), createSessionStore(db), createAuditLog(db)];
    const passwords = createPasswords({ cost: { memoryKib: 64, passes: 1, parallelism: 1 } });
    const keys = createSessionKeys({ db, clock, log, sealer: testSealer });
    const tokens = createAccessTokens({ keys, clock, deploymentId: "test" });
    const throttle = createAuthThrottle({ limiter: createMemoryRateLimiter({ clock }), clock });
    const overview = createOverviewStore(db);
    const { listBackends } = createMemoryBackends();
    const ring = createEnvironmentKeyRing({
      keys: [PRO_KEY, `operator:${ADMIN_KEY}`],
      secret: SECRET,
      admins: ["operator"],
    });
    const door = await startDoor({
      ...options,
      verbs: {
        ...createAccountVerbs({ users, sessions, passwords, tokens, throttle, log: accountLog, isRegistrationOpen }),
        ...createUserAdminVerbs({ users, sessions, passwords }),
        listAuditLog: audit.list,
        recordAudit: audit.record,
        listAllJobs: overview.listJobs,
        readStats: createReadStats({ overview, listBackends, environmentKeys: 2, clock }),
        ...options.verbs,
      },
      deps: {
        authenticate: createAuthenticate({
          keys: ring,
          clock,
          sessions: createSessions({ store: sessions, tokens, clock }),
        }),
        ...options.deps,
      },
    });
    return { door, users, sessions, audit, db };
  }
  return { open };
}

/** A JSON request as somebody without a key makes it. */
export function ask(door: Door, method: string, path: string, body?: unknown, token?: string) {
  const headers = {
    ...(body !== undefined && { "Content-Type": "application/json" }),
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
  };
  const text = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
  return send(door, path, { method, headers, ...text });
}
