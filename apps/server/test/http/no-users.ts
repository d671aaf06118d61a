import type { AdminStatsBody } from "@comfy/contracts";
import { AppError } from "../../src/errors.ts";
import type { Verbs } from "../../src/http/app.ts";

async function refuse(): Promise<never> {
  throw new AppError("user_not_found", "There is nobody behind this door.");
}

const none = { pending: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 };

const stats: AdminStatsBody = {
  jobs: { now: none, lastDay: none },
  queue: { waiting: 0, postponed: 0, running: 0, owners: 0, oldestSeconds: 0 },
  users: { total: 0, admins: 0, disabled: 0, sessions: 0 },
  keys: { stored: 0, environment: 4 },
  backends: { total: 2, reachable: 2, drained: 0 },
  storage: { files: 0, bytes: 0 },
  at: "2026-01-01T12:00:00.000Z",
};

/** A door where nobody has an account: what users do is tested over the real database. */
export const userVerbs = {
  register: refuse,
  logIn: refuse,
  refreshSession: refuse,
  async logOut() {},
  changePassword: refuse,
  findUser: async () => undefined,
  listUsers: async () => ({ users: [] }),
  readUser: refuse,
  createUser: refuse,
  updateUser: refuse,
  endSessionsOf: refuse,
  listAllJobs: async () => ({ jobs: [] }),
  readStats: async () => stats,
  listAuditLog: async () => ({ entries: [] }),
  async recordAudit() {},
} satisfies Partial<Verbs>;
