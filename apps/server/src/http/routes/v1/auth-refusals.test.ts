import { describe, expect, it } from "vitest";
import { send } from "../../../../test/http/call.ts";
import { ask, newEmail, PASSWORD, usePeople } from "../../../../test/http/people-door.ts";
import type { Door } from "../../../../test/http/start-door.ts";
import { createManualClock } from "../../../../test/manual-clock.ts";
import { createRecordingLog } from "../../../../test/recording-log.ts";
import { createIpGuard } from "../../../access/ip-guard.ts";
import { createMemoryRateLimiter } from "../../../access/rate-limiter-memory.ts";

const people = usePeople();

const post = (door: Door, path: string, body: unknown, token?: string) =>
  ask(door, "POST", `/api/v1/auth/${path}`, body, token);
const me = (door: Door, token: string) => ask(door, "GET", "/api/v1/auth/me", undefined, token);

async function register(door: Door, email = newEmail()) {
  const { status, body } = await post(door, "register", { email, password: PASSWORD });
  expect(status).toBe(201);
  return { email, ...body };
}

describe("401", () => {
  it("is one answer for a wrong password and for somebody who does not exist", async () => {
    const { door } = await people.open();
    const { email } = await register(door);
    const wrong = await post(door, "login", { email, password: "not the right one" });
    const nobody = await post(door, "login", { email: newEmail(), password: PASSWORD });
    const tooLong = await post(door, "login", { email, password: "x".repeat(1_000) });
    for (const { status, body } of [wrong, nobody, tooLong]) {
      expect([status, body.code]).toEqual([401, "invalid_credentials"]);
      expect({ ...body, requestId: "" }).toEqual({ ...wrong.body, requestId: "" });
    }
  });

  it.each(["", "rt_", `rt_${"A".repeat(43)}`, "'; drop table comfy.sessions; --", "rt_\0".padEnd(46, "x")])(
    "is refresh's answer to %j",
    async (refreshToken) => {
      const { door } = await people.open();
      const { status, body } = await post(door, "refresh", { refreshToken });
      expect([status, body.code]).toEqual(refreshToken === "" ? [400, "invalid_input"] : [401, "invalid_token"]);
    },
  );

  it("says when a token has grown old, and that it can be refreshed", async () => {
    const clock = createManualClock(Date.now());
    const { door } = await people.open({ clock });
    const { accessToken } = await register(door);
    clock.advance(610_000);
    const { status, body } = await me(door, accessToken);
    expect([status, body.code]).toEqual([401, "token_expired"]);
    expect(body.error).toContain("refresh");
  });

  it("is what a token of somebody else's making gets, before a byte of its body is held", async () => {
    const { door } = await people.open();
    const { accessToken } = await register(door);
    const [header, claims] = accessToken.split(".");
    const forged = `${header}.${claims}.${"A".repeat(43)}`;
    const huge = { workflow: "portrait", input: { description: "x".repeat(2_000_000) } };
    const { status, body } = await ask(door, "POST", "/api/v1/jobs", huge, forged);
    expect([status, body.code]).toEqual([401, "invalid_token"]);
    expect((await ask(door, "POST", "/api/v1/jobs", huge, accessToken)).status).toBe(413);
  });

  it("is what a refresh token gets as a bearer, and an access token as a refresh token", async () => {
    const { door } = await people.open();
    const { accessToken, refreshToken } = await register(door);
    expect((await me(door, refreshToken)).status).toBe(401);
    expect((await post(door, "refresh", { refreshToken: accessToken.slice(0, 200) })).status).toBe(401);
  });
});

describe("a refused login", () => {
  it("leaves a line that says from where and at which account, and no e-mail address", async () => {
    const accountLog = createRecordingLog();
    const { door } = await people.open({ accountLog });
    const { email } = await register(door);
    await post(door, "login", { email, password: PASSWORD });
    expect(accountLog.lines).toEqual([]);
    await post(door, "login", { email, password: "not the right one" });
    const fields = { ip: "127.0.0.1", account: expect.stringMatching(/^[0-9a-f]{32}$/), code: "invalid_credentials" };
    expect(accountLog.lines).toMatchObject([{ level: "warn", fields }]);
    expect(JSON.stringify(accountLog.lines)).not.toContain(email);
  });
});

describe("a logout", () => {
  it("with a refresh token that leaked and is of no use any more ends no session", async () => {
    const { door } = await people.open();
    const { email, refreshToken: leaked } = await register(door);
    await post(door, "logout", { refreshToken: leaked });
    const { accessToken } = (await post(door, "login", { email, password: PASSWORD })).body;
    expect((await post(door, "logout", { refreshToken: leaked, everywhere: true })).status).toBe(204);
    expect((await ask(door, "DELETE", "/api/v1/assets/nothing", undefined, accessToken)).status).toBe(404);
  });
});

describe("403", () => {
  it("is everybody's answer where registration is closed, before anything else is looked at", async () => {
    const { door } = await people.open({ isRegistrationOpen: false });
    const { status, body } = await post(door, "register", { email: newEmail(), password: "short" });
    expect([status, body.code]).toEqual([403, "registration_closed"]);
  });

  it("tells only who knows the password that the account is disabled", async () => {
    const { door, users } = await people.open();
    const { email, user } = await register(door);
    await users.update(user.id, { isDisabled: true }, { actorId: "test", action: "user.updated", subject: "x" });
    const right = await post(door, "login", { email, password: PASSWORD });
    expect([right.status, right.body.code]).toEqual([403, "account_disabled"]);
    expect((await post(door, "login", { email, password: "not the right one" })).body.code).toBe("invalid_credentials");
  });
});

describe("409", () => {
  it("is the answer to an address that is known, in any case", async () => {
    const { door } = await people.open();
    const { email } = await register(door);
    const { status, body } = await post(door, "register", { email: email.toUpperCase(), password: PASSWORD });
    expect([status, body.code]).toEqual([409, "email_taken"]);
  });
});

describe("400, 413 and 415", () => {
  it.each([
    ["no address", { email: "ada", password: PASSWORD }, "email"],
    ["an address with a line in it", { email: "ada@example.com\nbcc: x", password: PASSWORD }, "email"],
    ["a short password", { email: "ada@example.com", password: "short" }, "password"],
    ["a password that is no text", { email: "ada@example.com", password: { $ne: "" } }, "password"],
    ["a role", { email: "ada@example.com", password: PASSWORD, role: "admin" }, "role"],
  ])("refuse %s and say where", async (_, body, path) => {
    const { door } = await people.open();
    const refusal = await post(door, "register", body);
    expect([refusal.status, refusal.body.details[0].path]).toEqual([400, path]);
    expect(JSON.stringify(refusal.body)).not.toContain(PASSWORD);
  });

  it("refuse what is no JSON, what is too large, and another type", async () => {
    const { door } = await people.open();
    expect((await post(door, "login", "{")).status).toBe(400);
    expect((await post(door, "login", { email: "x".repeat(20_000), password: PASSWORD })).status).toBe(413);
    const form = await fetch(`${door.url}/api/v1/auth/login`, {
      method: "POST",
      body: new URLSearchParams({ email: "x" }),
    });
    expect(form.status).toBe(415);
  });
});

describe("429", () => {
  it("ends guessing at one account, whether it exists or not, in the middle of which others still get in", async () => {
    const { door } = await people.open();
    const { email } = await register(door);
    const other = await register(door);
    for (const guessed of [email, newEmail()]) {
      const guess = () => post(door, "login", { email: guessed, password: "not the right one" });
      for (let n = 0; n < 10; n++) expect((await guess()).status).toBe(401);
      const { status, body, headers } = await guess();
      expect([status, body.code]).toEqual([429, "rate_limited"]);
      expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    }
    expect((await post(door, "login", { email: other.email, password: PASSWORD })).status).toBe(200);
    expect((await me(door, other.accessToken)).status).toBe(200);
  });

  it.each(["register", "login", "refresh", "logout"])(
    "ends what one address asks of %s, before a hash is made",
    async (path) => {
      const clock = createManualClock(Date.now());
      const ipGuard = createIpGuard({ limiter: createMemoryRateLimiter({ clock }), clock, authPerMinute: 2 });
      const { door } = await people.open({ deps: { ipGuard } });
      const body = { email: newEmail(), password: PASSWORD, refreshToken: "rt_" };
      for (let n = 0; n < 2; n++) expect((await post(door, path, body)).status).not.toBe(429);
      expect((await post(door, path, body)).status).toBe(429);
    },
  );

  it("does not keep a user from the account's own address, nor from changing the password, whatever others guess", async () => {
    const { door } = await people.open({ flags: { proxyHops: 1 } });
    const from = (ip: string, email: string, password: string) =>
      send(door, "/api/v1/auth/login", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Forwarded-For": ip },
        body: JSON.stringify({ email, password }),
      });
    const { email } = await register(door);
    const home = await from("198.51.100.1", email, PASSWORD);
    expect(home.status).toBe(200);
    for (let n = 0; n < 30; n++) await from(`203.0.113.${n}`, email, "not the right one");
    expect((await from("203.0.113.99", email, PASSWORD)).status).toBe(429);
    expect((await from("198.51.100.1", email, PASSWORD)).status).toBe(200);
    const passwords = { currentPassword: PASSWORD, newPassword: `${PASSWORD} and more` };
    expect((await post(door, "password", passwords, home.body.accessToken)).status).toBe(200);
  });

  it("ends guessing from one address long before it shuts out another", async () => {
    const { door } = await people.open({ flags: { proxyHops: 1 } });
    const { email } = await register(door);
    const guess = (ip: string, password: string) =>
      send(door, "/api/v1/auth/login", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Forwarded-For": ip },
        body: JSON.stringify({ email, password }),
      });
    for (let n = 0; n < 12; n++) await guess("203.0.113.1", "not the right one");
    expect((await guess("203.0.113.1", PASSWORD)).status).toBe(429);
    expect((await guess("198.51.100.1", PASSWORD)).status).toBe(200);
  });

  it("is nobody's answer whose old refresh tokens others try", async () => {
    const { door } = await people.open();
    const { email, refreshToken: leaked } = await register(door);
    await post(door, "logout", { refreshToken: leaked });
    const { refreshToken } = (await post(door, "login", { email, password: PASSWORD })).body;
    for (let n = 0; n < 20; n++) await post(door, "refresh", { refreshToken: leaked });
    expect((await post(door, "refresh", { refreshToken })).status).toBe(200);
  });

  it("ends refreshing without end, by whoever holds a token", async () => {
    const { door } = await people.open();
    let { refreshToken } = await register(door);
    for (let n = 0; n < 15; n++) refreshToken = (await post(door, "refresh", { refreshToken })).body.refreshToken;
    const { status } = await post(door, "refresh", { refreshToken });
    expect(status).toBe(429);
  });
});
