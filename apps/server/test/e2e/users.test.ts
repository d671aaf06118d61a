import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEmulator } from "@comfy/comfyui-emulator";
import { expect, onTestFinished, test } from "vitest";
import { spawnService } from "./spawn-service.ts";
import { startService } from "./start-service.ts";

const ADMIN = { email: "root@example.com", password: "correct horse battery" };
const GRACE = { email: "grace@example.com", password: "another horse battery" };
const environment = { ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password };

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes.
  readonly body: any;
}

async function ask(url: string, method: string, path: string, body?: object, token?: string): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: { "Content-Type": "application/json", ...(token !== undefined && { Authorization: `Bearer ${token}` }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

test("the first admin logs in, makes a user, and the user renders, makes a key, and is out when the admin says so", async () => {
  await using service = await startService({ environment });
  const { url } = service;
  const admin = (await ask(url, "POST", "/api/v1/auth/login", ADMIN)).body.accessToken;
  const made = await ask(url, "POST", "/api/v1/admin/users", { ...GRACE, tier: "pro" }, admin);
  expect(made.status).toBe(201);
  const { id } = made.body;

  const login = (await ask(url, "POST", "/api/v1/auth/login", GRACE)).body;
  const grace = login.accessToken;
  const portrait = await ask(url, "POST", "/portrait", { description: "Viking warrior" }, grace);
  expect(portrait.status).toBe(200);
  const job = await ask(url, "GET", `/api/v1/jobs/${portrait.body.taskId}`, undefined, grace);
  expect([job.status, job.body.status]).toEqual([200, "completed"]);
  const wish = { name: "laptop", mode: "bearer", scopes: ["read"] };
  const key = await ask(url, "POST", "/api/v1/auth/keys", wish, grace);
  expect(key.status).toBe(201);
  const list = (token: string) => ask(url, "GET", "/api/v1/jobs", undefined, token);
  expect((await list(key.body.token)).body.jobs).toHaveLength(1);

  const all = await ask(url, "GET", `/api/v1/admin/jobs?owner=user:${id}`, undefined, admin);
  expect(all.body.jobs).toMatchObject([{ id: portrait.body.taskId, status: "completed", attempts: 1 }]);
  const stats = await ask(url, "GET", "/api/v1/admin/stats", undefined, admin);
  expect(stats.body).toMatchObject({ users: { total: 2, admins: 1 }, keys: { stored: 1, environment: 1 } });
  expect(stats.body.jobs.lastDay.completed).toBe(1);
  expect(stats.body.storage.bytes).toBeGreaterThan(0);

  expect((await ask(url, "PATCH", `/api/v1/admin/users/${id}`, { isDisabled: true }, admin)).status).toBe(200);
  const next = await ask(url, "POST", "/portrait", { description: "Viking warrior" }, grace);
  expect([next.status, next.body.code]).toEqual([401, "invalid_token"]);
  for (const token of [grace, key.body.token])
    await expect.poll(async () => (await list(token)).status, { timeout: 5_000 }).toBe(401);
  const log = await ask(url, "GET", `/api/v1/admin/audit-log?owner=user:${id}`, undefined, admin);
  const actions = log.body.entries.map(({ action }: { action: string }) => action);
  expect(actions).toEqual(["user.updated", "key.created", "session.opened", "user.created"]);
  expect(JSON.stringify(log.body)).not.toMatch(/horse|rt_|comfy_token/);
}, 60_000);

test("a session outlives the process: kill -9 logs nobody out", async () => {
  const emulator = await createEmulator({ speed: 50 });
  onTestFinished(() => emulator.close());
  const directory = await mkdtemp(join(tmpdir(), "comfy-users-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const first = await spawnService({ directory, backends: [emulator.url], environment });
  onTestFinished(async () => void (await first.end("SIGKILL")));
  const login = (await ask(first.url, "POST", "/api/v1/auth/login", ADMIN)).body;
  await first.end("SIGKILL");

  const second = await spawnService({ directory, backends: [emulator.url] });
  onTestFinished(async () => void (await second.end("SIGKILL")));
  const me = await ask(second.url, "GET", "/api/v1/auth/me", undefined, login.accessToken);
  expect([me.status, me.body.user.email]).toEqual([200, ADMIN.email]);
  const { refreshToken } = login;
  expect((await ask(second.url, "POST", "/api/v1/auth/refresh", { refreshToken })).status).toBe(200);
  expect((await ask(second.url, "POST", "/api/v1/auth/refresh", { refreshToken })).body.code).toBe("token_reused");
}, 120_000);
