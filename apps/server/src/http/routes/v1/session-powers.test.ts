import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { ask, newEmail, PASSWORD, usePeople } from "../../../../test/http/people-door.ts";
import type { Door } from "../../../../test/http/start-door.ts";

const people = usePeople();
type People = Awaited<ReturnType<typeof people.open>>;
const viking = { description: "Viking warrior" };

async function register(door: Door): Promise<{ readonly accessToken: string; readonly user: { readonly id: string } }> {
  const { body } = await ask(door, "POST", "/api/v1/auth/register", {
    email: newEmail(),
    password: PASSWORD,
    name: "Ada",
  });
  return body;
}

async function registerAs(door: Door, db: People["db"], role: "user" | "admin") {
  const made = await register(door);
  await sql`update comfy.users set role = ${role} where id = ${made.user.id}::uuid`.execute(db);
  return made;
}

describe("a session", () => {
  it("gives no job a callback, which nothing of its own could sign", async () => {
    const { door } = await people.open();
    const { accessToken: token } = await register(door);
    const callbackUrl = "https://callbacks.example/hook";
    for (const [path, body] of [
      ["/portrait/async", { ...viking, callbackUrl }],
      ["/api/v1/jobs", { workflow: "portrait", input: viking, callbackUrl }],
    ] as const) {
      const reply = await ask(door, "POST", path, body, token);
      expect([reply.status, reply.body.code]).toEqual([400, "invalid_input"]);
      expect(reply.body.error).toMatch(/^callbackUrl: a session has no secret/);
    }
    expect((await ask(door, "POST", "/portrait/async", viking, token)).status).toBe(202);
  });

  const DAY_MS = 86_400_000;
  const makeKey = (door: Door, token: string, wish: object) =>
    ask(door, "POST", "/api/v1/auth/keys", { name: "a key", ...wish }, token);

  it.each([
    { scopes: ["generate", "read"], days: 180 },
    { scopes: ["read", "keys"], days: 30 },
    { scopes: ["admin"], days: 30 },
  ])("makes keys with $scopes that end within $days days, and says so when it is asked for more", async (limit) => {
    const { scopes, days } = limit;
    const { door, db } = await people.open();
    const { accessToken } = await registerAs(door, db, scopes.includes("admin") ? "admin" : "user");
    const beforeMs = Date.now();
    const { status, body } = await makeKey(door, accessToken, { scopes });
    expect(status).toBe(201);
    const endsMs = Date.parse(body.expiresAt);
    expect(endsMs).toBeGreaterThanOrEqual(beforeMs + days * DAY_MS);
    expect(endsMs).toBeLessThanOrEqual(Date.now() + days * DAY_MS);
    const expiresAt = new Date(endsMs + DAY_MS).toISOString();
    const later = await makeKey(door, accessToken, { scopes, expiresAt });
    expect([later.status, later.body.code]).toEqual([403, "access_denied"]);
    expect(later.body.error).toMatch(/ends within 180 days.*expected at the latest/);
    const sooner = new Date(beforeMs + DAY_MS).toISOString();
    expect((await makeKey(door, accessToken, { scopes, expiresAt: sooner })).body.expiresAt).toBe(sooner);
  });
});
