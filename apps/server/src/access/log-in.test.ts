import { expect, it } from "vitest";
import { createId } from "../ids.ts";
import { silentLog } from "../log.ts";
import { createLogIn, type LoginDeps } from "./log-in.ts";
import { createPasswords, type PasswordCost } from "./passwords.ts";
import type { NewSession } from "./session-store.ts";
import type { User } from "./user.ts";

const cheap: PasswordCost = { memoryKib: 64, passes: 1, parallelism: 1 };
const PASSWORD = "correct horse battery";
const visitor = { ip: "203.0.113.7", requestId: "request" };

async function refuse(): Promise<never> {
  throw new Error("Logging in does not do this.");
}

/** One user in memory, behind the real hashes; the works of the gate are counted. */
async function open({ cost = cheap, storedCost = cheap, isDisabled = false } = {}) {
  let works = 0;
  const gate = {
    pass<T>(work: () => Promise<T>) {
      works++;
      return work();
    },
  };
  const user: User = {
    ...{ id: createId(), email: "ada@example.com", role: "user", tier: "free", isDisabled },
    ...{ createdAtMs: 0, updatedAtMs: 0 },
  };
  const stored = { hash: await createPasswords({ cost: storedCost }).hash(PASSWORD) };
  const opened: NewSession[] = [];
  const order: string[] = [];
  const deps: LoginDeps = {
    users: {
      ...{ insert: refuse, find: refuse, hasAdmin: refuse, list: refuse, update: refuse },
      async findByEmail(email) {
        order.push("find");
        return email === user.email ? { user, passwordHash: stored.hash } : undefined;
      },
      async rehash(_id, from, to) {
        if (stored.hash === from) stored.hash = to;
      },
    },
    sessions: {
      ...{ findSessionOfToken: refuse, rotate: refuse, findLive: refuse, endByToken: refuse, endAll: refuse },
      async open(session) {
        opened.push(session);
        return session.passwordHash === stored.hash;
      },
    },
    passwords: createPasswords({ cost, gate }),
    tokens: { issue: async () => ({ token: "a.b.c", ttlMs: 600_000 }), read: refuse },
    throttle: {
      async spendLogin() {
        order.push("throttle");
      },
      noteLogin() {},
      spendPassword: refuse,
      spendRegistration: refuse,
      spendRefresh: refuse,
    },
    log: silentLog,
  };
  return { logIn: createLogIn(deps), user, stored, opened, order, works: () => works };
}

it("costs one hash, whoever asks: for a wrong password, for nobody, for a password that no rule would let through", async () => {
  for (const [email, password] of [
    ["ada@example.com", "not the right one"],
    ["nobody@example.com", PASSWORD],
    ["nobody@example.com", "x".repeat(1_000)],
    ["ada@example.com", "x".repeat(1_000)],
    ["ada@example.com", ""],
  ] as const) {
    const { logIn, works, order } = await open();
    await expect(logIn({ email, password }, visitor)).rejects.toMatchObject({
      code: "invalid_credentials",
      message: "The e-mail address or the password is wrong.",
    });
    expect([works(), order]).toEqual([1, ["throttle", "find"]]);
  }
});

it("is no different for a disabled account until the password is right", async () => {
  const { logIn, works, opened } = await open({ isDisabled: true });
  const wrong = logIn({ email: "ada@example.com", password: "not the right one" }, visitor);
  await expect(wrong).rejects.toMatchObject({ code: "invalid_credentials" });
  const right = logIn({ email: "ada@example.com", password: PASSWORD }, visitor);
  await expect(right).rejects.toMatchObject({ code: "account_disabled" });
  expect([works(), opened]).toEqual([2, []]);
});

it("hashes anew at today's cost while the password is known, once", async () => {
  const { logIn, stored, works } = await open({ cost: { ...cheap, passes: 2 } });
  const old = stored.hash;
  await logIn({ email: "ada@example.com", password: PASSWORD }, visitor);
  expect(stored.hash).not.toBe(old);
  expect(stored.hash).toContain("t=2");
  expect(works()).toBe(2);
  await logIn({ email: "ada@example.com", password: PASSWORD }, visitor);
  expect(works()).toBe(3);
});

it("gives tokens that are kept nowhere: the session gets a hash, and no more of a browser's name than fits", async () => {
  const { logIn, opened } = await open();
  const agent = { ...visitor, userAgent: "x".repeat(10_000) };
  const { refreshToken } = await logIn({ email: "ada@example.com", password: PASSWORD }, agent);
  expect(refreshToken).toMatch(/^rt_[\w-]{43}$/);
  expect(opened[0]?.tokenHash).toMatch(/^[0-9a-f]{64}$/);
  expect(opened[0]?.userAgent).toHaveLength(200);
  expect(JSON.stringify(opened)).not.toContain(refreshToken);
});

it("begins nothing when the password was changed between the check and the session", async () => {
  const { logIn, stored } = await open();
  const login = logIn({ email: "ada@example.com", password: PASSWORD }, visitor);
  // The check has read the old hash by now.
  await Promise.resolve();
  await Promise.resolve();
  stored.hash = "changed";
  await expect(login).rejects.toMatchObject({ code: "invalid_credentials" });
});
