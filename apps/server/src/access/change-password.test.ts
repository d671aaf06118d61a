import { tiers } from "@comfy/contracts";
import { expect, it } from "vitest";
import { newEmail, PASSWORD, usePeople } from "../../test/http/people-door.ts";
import { createManualClock } from "../../test/manual-clock.ts";
import { AppError } from "../errors.ts";
import { createId } from "../ids.ts";
import { silentLog } from "../log.ts";
import { createAccountVerbs } from "./account-verbs.ts";
import { createAuthThrottle } from "./auth-throttle.ts";
import type { Caller } from "./caller.ts";
import { createPasswords } from "./passwords.ts";
import { createMemoryRateLimiter } from "./rate-limiter-memory.ts";

const people = usePeople();
const visitor = { ip: "203.0.113.7", requestId: "request" };
const entry = { actorId: "operator", action: "user.updated", subject: "x" };

it("a password that was set by somebody else meanwhile is not overwritten, and nobody is let in", async () => {
  const { users, sessions } = await people.open();
  const clock = createManualClock();
  const real = createPasswords({ cost: { memoryKib: 64, passes: 1, parallelism: 1 } });
  const email = newEmail();
  const id = createId();
  await users.insert({ id, email, passwordHash: await real.hash(PASSWORD), role: "user", tier: "free" }, entry);
  const rescue = await real.hash("what the operator gave");
  const verbs = createAccountVerbs({
    ...{ users, sessions, log: silentLog, isRegistrationOpen: false },
    throttle: createAuthThrottle({ limiter: createMemoryRateLimiter({ clock }), clock }),
    tokens: {
      issue: async () => ({ token: "a.b.c", ttlMs: 600_000 }),
      read: async () => Promise.reject(new Error("Nobody reads a token here.")),
    },
    passwords: {
      check: real.check,
      async hash(password) {
        await users.update(id, { passwordHash: rescue }, entry);
        return real.hash(password);
      },
    },
  });
  const caller: Caller = {
    ...{ ownerId: `user:${id}`, keyId: "session:x", userId: id, tier: "free", limits: tiers.free },
    ...{ scopes: ["read"], via: "session" },
  };
  const change = verbs.changePassword(caller, { current: PASSWORD, next: "what the intruder wants" }, visitor);
  await expect(change).rejects.toBeInstanceOf(AppError);
  expect((await users.findByEmail(email))?.passwordHash).toBe(rescue);
});
