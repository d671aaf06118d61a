import { tiers } from "@comfy/contracts";
import { expect, it } from "vitest";
import { createManualClock } from "../../test/manual-clock.ts";
import { AppError } from "../errors.ts";
import { createId } from "../ids.ts";
import type { User } from "./user.ts";
import { createSessions } from "./verify-session.ts";

const [userId, sessionId] = [createId(), createId()];
const subject = { userId, sessionId };
const user: User = {
  ...{ id: userId, email: "ada@example.com", role: "user", tier: "pro", isDisabled: false },
  ...{ createdAtMs: 0, updatedAtMs: 0 },
};

/** One session, whose user a test may change, over a store that counts how often it is read. */
function open() {
  const clock = createManualClock();
  const state: { user: User | undefined; reads: number } = { user, reads: 0 };
  const store = {
    async findLive() {
      state.reads++;
      return state.user;
    },
  };
  const read = async (jwt: string) => {
    if (jwt !== "a.b.c") throw new AppError("invalid_token", "Not ours.");
    return subject;
  };
  return { clock, state, sessions: createSessions({ store, tokens: { read }, clock }) };
}

it("gives the user's own account as the caller, with the limits of the tier and the scopes of the role", async () => {
  const { sessions, state } = open();
  const caller = await sessions.verify("a.b.c");
  expect(caller).toEqual({
    ...{ ownerId: `user:${userId}`, keyId: `session:${sessionId}`, userId, tier: "pro", limits: tiers.pro },
    ...{ scopes: ["generate", "read", "upload", "webhooks", "keys"], via: "session" },
  });
  state.user = { ...user, role: "admin", tier: "free" };
  expect(await sessions.verify("a.b.c")).toMatchObject({ tier: "free", scopes: expect.arrayContaining(["admin"]) });
});

it("reads the session for each request that writes, and for reads at most once a second", async () => {
  const { sessions, state, clock } = open();
  for (let n = 0; n < 3; n++) await sessions.verify("a.b.c");
  expect(state.reads).toBe(3);
  for (let n = 0; n < 3; n++) await sessions.verify("a.b.c", { isRead: true });
  expect(state.reads).toBe(3);
  clock.advance(999);
  await sessions.verify("a.b.c", { isRead: true });
  expect(state.reads).toBe(3);
  clock.advance(1);
  await sessions.verify("a.b.c", { isRead: true });
  expect(state.reads).toBe(4);
});

it("refuses a session that has ended: a write at once, a read a second later, and a stream at its next heartbeat", async () => {
  const { sessions, state, clock } = open();
  const caller = await sessions.verify("a.b.c", { isRead: true });
  expect(await sessions.isLive(caller)).toBe(true);
  state.user = undefined;
  await expect(sessions.verify("a.b.c")).rejects.toMatchObject({ code: "invalid_token" });
  await expect(sessions.verify("a.b.c", { isRead: true })).rejects.toMatchObject({ code: "invalid_token" });
  state.user = user;
  clock.advance(1_000);
  await sessions.verify("a.b.c", { isRead: true });
  state.user = undefined;
  await expect(sessions.verify("a.b.c", { isRead: true })).resolves.toBeDefined();
  clock.advance(1_000);
  await expect(sessions.verify("a.b.c", { isRead: true })).rejects.toMatchObject({ code: "invalid_token" });
  expect(await sessions.isLive(caller)).toBe(false);
});

it("does not take the session of one user for another's", async () => {
  const { sessions, state } = open();
  state.user = { ...user, id: createId() };
  await expect(sessions.verify("a.b.c")).rejects.toMatchObject({ code: "invalid_token" });
});

it("knows no other caller's sessions, and believes no foreign token", async () => {
  const { sessions, state } = open();
  const caller = await sessions.verify("a.b.c");
  expect(await sessions.isLive({ ...caller, keyId: "key-1" })).toBe(false);
  expect(await sessions.isLive({ ...caller, userId: createId() })).toBe(false);
  const reads = state.reads;
  await expect(sessions.verify("x.y.z")).rejects.toMatchObject({ code: "invalid_token" });
  await expect(sessions.assertGenuine("x.y.z")).rejects.toMatchObject({ code: "invalid_token" });
  await sessions.assertGenuine("a.b.c");
  expect(state.reads).toBe(reads);
});
