import { describe, expect, it } from "vitest";
import { call } from "../../../../test/http/call.ts";
import { ask, newEmail, PASSWORD, usePeople } from "../../../../test/http/people-door.ts";
import { type Door, PRO_KEY } from "../../../../test/http/start-door.ts";
import { createManualClock } from "../../../../test/manual-clock.ts";

const people = usePeople();

const post = (door: Door, path: string, body: unknown, token?: string) =>
  ask(door, "POST", `/api/v1/auth/${path}`, body, token);
const me = (door: Door, token: string) => ask(door, "GET", "/api/v1/auth/me", undefined, token);

async function register(door: Door, email = newEmail()) {
  const { status, body } = await post(door, "register", { email, password: PASSWORD, name: "Ada" });
  expect(status).toBe(201);
  return { email, ...body };
}

describe("somebody with an account", () => {
  it("registers, is known by the token, logs in again, and is an owner of their own with a tier and every scope but admin", async () => {
    const { door } = await people.open();
    const { email, accessToken, refreshToken, expiresIn, tokenType, user } = await register(door);
    expect([expiresIn, tokenType]).toEqual([600, "Bearer"]);
    expect(user).toMatchObject({ email, name: "Ada", role: "user", tier: "free" });
    const { status, body } = await me(door, accessToken);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      owner: `user:${user.id}`,
      tier: "free",
      limits: { requestsPerMinute: 10 },
      user: { id: user.id, email },
    });
    expect(body.scopes).toEqual(["generate", "read", "upload", "webhooks", "keys"]);
    expect(body.key).toMatch(/^session:/);
    const login = await post(door, "login", { email: email.toUpperCase(), password: PASSWORD });
    expect([login.status, login.body.user.id]).toEqual([200, user.id]);
    expect(login.body.refreshToken).not.toBe(refreshToken);
    expect(login.body.user.lastLoginAt).toBeDefined();
  });

  it("makes a job that belongs to the user", async () => {
    const { door } = await people.open();
    const { accessToken, user } = await register(door);
    const wish = { workflow: "portrait", input: { description: "Viking warrior" } };
    const made = await ask(door, "POST", "/api/v1/jobs", wish, accessToken);
    expect(made.status).toBe(201);
    expect((await door.jobs.find(made.body.id))?.ownerId).toBe(`user:${user.id}`);
    expect((await call(door, "GET", `/api/v1/jobs/${made.body.id}`, { key: PRO_KEY })).status).toBe(404);
  });

  it("stays logged in by refreshing, each token once, also over a restart of the service", async () => {
    const first = await people.open();
    const { refreshToken, accessToken } = await register(first.door);
    const { status, body } = await post(first.door, "refresh", { refreshToken });
    expect(status).toBe(200);
    await first.door.close();
    const { door } = await people.open();
    expect((await me(door, body.accessToken)).status).toBe(200);
    expect((await me(door, accessToken)).status).toBe(200);
    expect((await post(door, "refresh", { refreshToken: body.refreshToken })).status).toBe(200);
  });

  it("is out when a refresh token comes twice: the thief and the owner alike, and the audit log says so", async () => {
    const { door, audit } = await people.open();
    const { refreshToken, user } = await register(door);
    const { body } = await post(door, "refresh", { refreshToken });
    const again = await post(door, "refresh", { refreshToken });
    expect([again.status, again.body.code]).toEqual([401, "token_reused"]);
    expect((await post(door, "refresh", { refreshToken: body.refreshToken })).body.code).toBe("invalid_token");
    expect((await ask(door, "POST", "/api/v1/jobs", {}, body.accessToken)).body.code).toBe("invalid_token");
    const { entries } = await audit.list({ ownerId: `user:${user.id}`, action: "session.reused", limit: 9 });
    expect(entries).toMatchObject([{ ip: "127.0.0.1", requestId: again.body.requestId }]);
  });

  it("logs out: nothing is written with the token from then on, and nothing read a second later", async () => {
    const clock = createManualClock(Date.now());
    const { door } = await people.open({ clock });
    const { refreshToken, accessToken } = await register(door);
    expect((await me(door, accessToken)).status).toBe(200);
    expect((await post(door, "logout", { refreshToken })).status).toBe(204);
    expect((await ask(door, "POST", "/api/v1/jobs", {}, accessToken)).body.code).toBe("invalid_token");
    clock.advance(1_000);
    expect((await me(door, accessToken)).body.code).toBe("invalid_token");
    expect((await post(door, "refresh", { refreshToken })).body.code).toBe("invalid_token");
  });

  it("logs out everywhere at once, and learns nothing from a token that is none", async () => {
    const { door } = await people.open();
    const { email, refreshToken } = await register(door);
    const other = (await post(door, "login", { email, password: PASSWORD })).body;
    expect((await post(door, "logout", { refreshToken: "rt_nobody" })).status).toBe(204);
    expect((await post(door, "logout", { refreshToken: `rt_${"A".repeat(43)}`, everywhere: true })).status).toBe(204);
    expect((await me(door, other.accessToken)).status).toBe(200);
    expect((await post(door, "logout", { refreshToken, everywhere: true })).status).toBe(204);
    expect((await post(door, "refresh", { refreshToken: other.refreshToken })).status).toBe(401);
  });

  it("changes the password: all sessions end but the new one", async () => {
    const { door } = await people.open();
    const { email, accessToken, refreshToken } = await register(door);
    const change = (body: object) => post(door, "password", body, accessToken);
    const wrong = await change({ currentPassword: "not the right one", newPassword: "another password" });
    expect([wrong.status, wrong.body.details[0].path]).toEqual([400, "currentPassword"]);
    const short = await change({ currentPassword: PASSWORD, newPassword: "short" });
    expect([short.status, short.body.details[0].path]).toEqual([400, "newPassword"]);
    const { status, body } = await change({ currentPassword: PASSWORD, newPassword: "another password" });
    expect(status).toBe(200);
    expect((await me(door, body.accessToken)).status).toBe(200);
    expect((await post(door, "refresh", { refreshToken })).status).toBe(401);
    expect((await post(door, "login", { email, password: PASSWORD })).status).toBe(401);
    expect((await post(door, "login", { email, password: "another password" })).status).toBe(200);
  });
});

describe("a page of a listed origin", () => {
  it("may log in from a browser and send the access token", async () => {
    const { door } = await people.open({ flags: { corsOrigins: ["https://app.example.com"] } });
    const { headers } = await fetch(`${door.url}/api/v1/auth/me`, {
      method: "OPTIONS",
      headers: { Origin: "https://app.example.com", "Access-Control-Request-Method": "GET" },
    });
    expect(headers.get("access-control-allow-headers")).toMatch(/content-type.*authorization/);
    // Tokens are sent by the page's own hand, never by the browser: a foreign page has nothing to ride on.
    expect(headers.get("access-control-allow-credentials")).toBeNull();
  });
});

describe("a key", () => {
  it("is told who it is as well, without a user", async () => {
    const { door } = await people.open();
    const { status, body } = await call(door, "GET", "/api/v1/auth/me");
    expect(status).toBe(200);
    expect(body).toMatchObject({ tier: "pro", owner: expect.stringMatching(/^env:/) });
    expect(body).not.toHaveProperty("user");
  });

  it("has no password to change", async () => {
    const { door } = await people.open();
    const body = { currentPassword: PASSWORD, newPassword: "another password" };
    const refusal = await call(door, "POST", "/api/v1/auth/password", { body });
    expect([refusal.status, refusal.body.code]).toEqual([403, "access_denied"]);
  });
});
