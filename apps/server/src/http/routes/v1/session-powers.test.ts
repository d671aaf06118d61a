import { describe, expect, it } from "vitest";
import { ask, newEmail, PASSWORD, usePeople } from "../../../../test/http/people-door.ts";
import type { Door } from "../../../../test/http/start-door.ts";

const people = usePeople();
const viking = { description: "Viking warrior" };

async function register(door: Door): Promise<string> {
  const { body } = await ask(door, "POST", "/api/v1/auth/register", {
    email: newEmail(),
    password: PASSWORD,
    name: "Ada",
  });
  return body.accessToken;
}

describe("a session", () => {
  it("gives no job a callback, which nothing of its own could sign", async () => {
    const { door } = await people.open();
    const token = await register(door);
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
});
