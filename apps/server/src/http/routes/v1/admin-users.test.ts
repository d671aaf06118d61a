import { describe, expect, it } from "vitest";
import { call } from "../../../../test/http/call.ts";
import { ask, newEmail, PASSWORD, usePeople } from "../../../../test/http/people-door.ts";
import { ADMIN_KEY, type Door } from "../../../../test/http/start-door.ts";
import { createManualClock } from "../../../../test/manual-clock.ts";
import { acceptOne } from "../../../../test/ports/set-up.ts";
import { createJobStore } from "../../../adapters/database/job-store.ts";
import { createId } from "../../../ids.ts";

const people = usePeople();

/** As the operator whose key the environment names. */
const operate = (door: Door, method: string, path: string, body?: unknown) =>
  call(door, method, `/api/v1/admin${path}`, { key: ADMIN_KEY, ...(body !== undefined && { body }) });

async function create(door: Door, changes: object = {}) {
  const { status, body } = await operate(door, "POST", "/users", { email: newEmail(), password: PASSWORD, ...changes });
  expect(status).toBe(201);
  return body;
}

const logIn = async (door: Door, email: string, password = PASSWORD) =>
  (await ask(door, "POST", "/api/v1/auth/login", { email, password })).body;

describe("operators", () => {
  it("create users, also where registration is closed; the log says who and with which rights", async () => {
    const { door, audit } = await people.open({ isRegistrationOpen: false });
    const user = await create(door, { tier: "pro", role: "user", name: "Grace" });
    expect(user).toMatchObject({
      tier: "pro",
      role: "user",
      name: "Grace",
      isDisabled: false,
      owner: `user:${user.id}`,
    });
    expect(user).not.toHaveProperty("passwordHash");
    expect((await logIn(door, user.email)).user.id).toBe(user.id);
    const { entries } = await audit.list({ subject: `user:${user.id}`, action: "user.created", limit: 9 });
    expect(entries).toMatchObject([{ details: { role: "user", tier: "pro" }, ip: "127.0.0.1" }]);
    expect(entries[0]?.actorId).toMatch(/^key-/);
  });

  it("change the tier: it counts from the next request on", async () => {
    const { door } = await people.open();
    const user = await create(door);
    const { accessToken } = await logIn(door, user.email);
    const { status, body } = await operate(door, "PATCH", `/users/${user.id}`, { tier: "enterprise" });
    expect([status, body.tier]).toEqual([200, "enterprise"]);
    const me = await ask(door, "GET", "/api/v1/auth/me", undefined, accessToken);
    expect([me.body.tier, me.body.limits.concurrentJobs]).toEqual(["enterprise", null]);
  });

  it("disable somebody: out at once, and what they wrote before stays", async () => {
    const { door } = await people.open();
    const user = await create(door);
    const { accessToken, refreshToken } = await logIn(door, user.email);
    await operate(door, "PATCH", `/users/${user.id}`, { isDisabled: true });
    expect((await ask(door, "POST", "/api/v1/jobs", {}, accessToken)).body.code).toBe("invalid_token");
    expect((await ask(door, "POST", "/api/v1/auth/refresh", { refreshToken })).status).toBe(401);
    expect((await ask(door, "POST", "/api/v1/auth/login", { email: user.email, password: PASSWORD })).status).toBe(403);
    const { body } = await operate(door, "PATCH", `/users/${user.id}`, { isDisabled: false });
    expect(body.isDisabled).toBe(false);
    expect((await logIn(door, user.email)).user.id).toBe(user.id);
  });

  it("set another password, and end sessions", async () => {
    const { door } = await people.open();
    const user = await create(door);
    const { accessToken } = await logIn(door, user.email);
    await logIn(door, user.email);
    const { status, body } = await operate(door, "DELETE", `/users/${user.id}/sessions`);
    expect([status, body]).toEqual([200, { ended: 2 }]);
    expect((await ask(door, "POST", "/api/v1/jobs", {}, accessToken)).status).toBe(401);
    await operate(door, "PATCH", `/users/${user.id}`, { password: "another password" });
    expect((await logIn(door, user.email)).code).toBe("invalid_credentials");
    expect((await logIn(door, user.email, "another password")).user.id).toBe(user.id);
    const log = await operate(door, "GET", `/audit-log?subject=user:${user.id}`);
    expect(JSON.stringify(log.body)).not.toContain("another password");
    expect(log.body.entries.map(({ action }: { action: string }) => action)).toEqual([
      "user.updated",
      "session.revoked",
      "user.created",
    ]);
  });

  it("find users by part of their address, page by page", async () => {
    const { door } = await people.open();
    const mark = createId();
    const users = [
      await create(door, { email: `a.${mark}@example.com` }),
      await create(door, { email: `b.${mark}@example.com` }),
    ];
    const first = await operate(door, "GET", `/users?search=${mark.toUpperCase()}&limit=1`);
    expect(first.body.users).toEqual([users[1]]);
    const second = await operate(door, "GET", `/users?search=${mark}&limit=1&cursor=${first.body.nextCursor}`);
    expect(second.body).toEqual({ users: [users[0]] });
    expect((await operate(door, "GET", `/users?search=${mark}&disabled=true`)).body.users).toEqual([]);
    expect((await operate(door, "GET", `/users/${users[0].id}`)).body).toEqual(users[0]);
  });

  it("are also users with the role admin, for as long as they have it", async () => {
    const clock = createManualClock(Date.now());
    const { door } = await people.open({ clock });
    const admin = await create(door, { role: "admin" });
    const { accessToken } = await logIn(door, admin.email);
    const list = () => ask(door, "GET", "/api/v1/admin/users", undefined, accessToken);
    expect((await list()).status).toBe(200);
    await create(door, { role: "admin" });
    expect((await operate(door, "PATCH", `/users/${admin.id}`, { role: "user" })).status).toBe(200);
    clock.advance(1_000);
    expect((await list()).status).toBe(403);
  });

  it("see everybody's jobs, without what went in and came out", async () => {
    const { door, db } = await people.open();
    const jobs = createJobStore(db);
    const [ownerA, ownerB] = [`env:${createId()}`, `env:${createId()}`];
    const ids = [await acceptOne(jobs, { ownerId: ownerA }), await acceptOne(jobs, { ownerId: ownerB })];
    await jobs.finish({
      jobId: ids[0] ?? "",
      isRefunded: true,
      ending: { state: "failed", failure: { code: "generation_failed", message: "A node raised." } },
    });
    const all = (await operate(door, "GET", "/jobs?limit=2")).body;
    expect(all.jobs.map(({ id }: { id: string }) => id)).toEqual(ids.toReversed());
    const failed = await operate(door, "GET", `/jobs?status=failed&owner=${ownerA}`);
    expect(failed.body.jobs).toMatchObject([
      { id: ids[0], owner: ownerA, status: "failed", error: "A node raised.", code: "generation_failed", attempts: 0 },
    ]);
    expect(Object.keys(failed.body.jobs[0])).not.toContain("input");
    const next = await operate(door, "GET", `/jobs?limit=1&cursor=${ids[1]}`);
    expect(next.body.jobs[0].id).toBe(ids[0]);
    expect((await operate(door, "GET", `/jobs?status=pending&owner=${ownerA}`)).body.jobs).toEqual([]);
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    expect((await operate(door, "GET", `/jobs?createdAfter=${tomorrow}`)).body.jobs).toEqual([]);
  });

  it("see how the service stands", async () => {
    const { door, db } = await people.open();
    await acceptOne(createJobStore(db), { ownerId: `env:${createId()}` });
    const { status, body } = await operate(door, "GET", "/stats");
    expect(status).toBe(200);
    expect(body.jobs.now.pending).toBeGreaterThan(0);
    expect(body.jobs.lastDay.pending).toBeGreaterThan(0);
    expect(body.queue.waiting).toBeGreaterThan(0);
    expect(body.queue.owners).toBeGreaterThan(0);
    expect(body.users.total).toBeGreaterThan(0);
    expect(body.backends).toEqual({ total: 2, reachable: 2, drained: 0 });
    expect(body.keys).toEqual({ stored: 0, environment: 2 });
    expect(body.storage).toEqual({ files: 0, bytes: 0 });
  });

  it("leave their name where they take a backend out of service and put it back", async () => {
    const { door, audit } = await people.open();
    await operate(door, "POST", "/backends/gpu-2/drain");
    await operate(door, "POST", "/backends/gpu-2/resume");
    const { entries } = await audit.list({ subject: "backend:gpu-2", limit: 2 });
    expect(entries.map(({ action }) => action)).toEqual(["backend.resumed", "backend.drained"]);
  });
});

describe("what is refused", () => {
  it("is everything of a user without the role, with 403", async () => {
    const { door } = await people.open();
    const user = await create(door);
    const { accessToken } = await logIn(door, user.email);
    for (const path of ["users", `users/${user.id}`, "jobs", "stats", "audit-log", "backends"]) {
      const { status, body } = await ask(door, "GET", `/api/v1/admin/${path}`, undefined, accessToken);
      expect([path, status, body.code]).toEqual([path, 403, "access_denied"]);
    }
    const patch = await ask(door, "PATCH", `/api/v1/admin/users/${user.id}`, { role: "admin" }, accessToken);
    expect(patch.status).toBe(403);
  });

  it.each(["019ac1f0-0000-7000-8000-000000000000", "nobody", "%00"])("is a user who does not exist: %s", async (id) => {
    const { door } = await people.open();
    for (const [method, path, body] of [
      ["GET", `/users/${id}`],
      ["PATCH", `/users/${id}`, { tier: "pro" }],
      ["DELETE", `/users/${id}/sessions`],
    ] as const) {
      const refusal = await operate(door, method, path, body);
      expect([refusal.status, refusal.body.code]).toEqual([404, "user_not_found"]);
    }
  });

  it("is a second user of one address, a weak password, an unknown field, and a cursor of another list", async () => {
    const { door } = await people.open();
    const { email } = await create(door);
    const again = await operate(door, "POST", "/users", { email, password: PASSWORD });
    expect([again.status, again.body.code]).toEqual([409, "email_taken"]);
    expect((await operate(door, "POST", "/users", { email: newEmail(), password: "short" })).status).toBe(400);
    expect((await operate(door, "POST", "/users", { email: newEmail(), password: PASSWORD, id: "x" })).status).toBe(
      400,
    );
    for (const list of ["users", "jobs", "audit-log"])
      expect((await operate(door, "GET", `/${list}?cursor=x`)).body.code).toBe("invalid_input");
    expect((await operate(door, "GET", "/users?limit=101")).status).toBe(400);
  });

  it("is to take the role from, or to disable, the last admin", async () => {
    const { door, users } = await people.open();
    for (const { id } of (await users.list({ role: "admin", limit: 100 })).users)
      await users.update(id, { role: "user" }, { actorId: "test", action: "user.updated", subject: "x" });
    const [last] = (await users.list({ role: "admin", limit: 100 })).users;
    for (const patch of [{ role: "user" }, { isDisabled: true }]) {
      const { status, body } = await operate(door, "PATCH", `/users/${last?.id}`, patch);
      expect([status, body.code]).toEqual([409, "last_admin"]);
    }
  });
});
