import { createAccountVerbs } from "../access/account-verbs.ts";
import { createAuthThrottle } from "../access/auth-throttle.ts";
import { createFirstAdmin } from "../access/first-admin.ts";
import { createPasswords } from "../access/passwords.ts";
import { createUserAdminVerbs } from "../access/user-admin.ts";
import { createSessions } from "../access/verify-session.ts";
import { createSessionKeys } from "../adapters/database/session-keys.ts";
import { createAccessTokens } from "../adapters/jose/access-tokens.ts";
import { createReadStats } from "../jobs/read-stats.ts";
import type { Ground } from "./ground.ts";
import type { Jobs } from "./jobs.ts";
import type { Limits } from "./limits.ts";
import type { Records } from "./storage.ts";

/** People, how they log in, and what operators see of everybody. */
export async function composeUsers(ground: Ground, stored: Records, limits: Pick<Limits, "strangers">) {
  const { config, clock, log, lifecycle } = ground;
  const { users, sessions, audit, database, settings, sealer } = stored;
  const passwords = createPasswords();
  const keys = createSessionKeys({ db: database.db, clock, log, sealer });
  const tokens = createAccessTokens({ keys, clock, deploymentId: await settings.readDeploymentId() });
  const throttle = createAuthThrottle({ limiter: limits.strangers, clock });
  const { isRegistrationOpen, firstAdmin } = config;
  if (firstAdmin)
    lifecycle.add({ name: "users", start: () => createFirstAdmin({ users, passwords, log }, firstAdmin) });
  return {
    sessions: createSessions({ store: sessions, tokens, clock, limits: config.tierLimits }),
    verbs: {
      ...createAccountVerbs({ users, sessions, passwords, tokens, throttle, log, isRegistrationOpen }),
      ...createUserAdminVerbs({ users, sessions, passwords }),
      listAuditLog: audit.list,
      recordAudit: audit.record,
    },
  };
}

/** Everybody's jobs and how the service stands. */
export function composeOverview(
  { config, clock }: Ground,
  { overview }: Records,
  { verbs: { listBackends } }: Pick<Jobs, "verbs">,
) {
  const environmentKeys = config.apiKeys.length;
  return {
    listAllJobs: overview.listJobs,
    readStats: createReadStats({ overview, listBackends, environmentKeys, clock }),
  };
}
