import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { createRefreshToken, toTokenHash } from "../../src/access/refresh-token.ts";
import { createAuditLog } from "../../src/adapters/database/audit-log.ts";
import { createSessionKeys } from "../../src/adapters/database/session-keys.ts";
import { createSessionStore } from "../../src/adapters/database/sessions.ts";
import { runUpkeep } from "../../src/adapters/database/upkeep.ts";
import { createUserStore } from "../../src/adapters/database/users.ts";
import { createId } from "../../src/ids.ts";
import { silentLog } from "../../src/log.ts";
import { createManualClock } from "../manual-clock.ts";
import { type GetDatabase, readCount } from "./set-up.ts";
import { entry, newUser } from "./users.suite.ts";

const HOUR_MS = 3_600_000;

/** What logins promise. */
export function sessionsSuite(getDatabase: GetDatabase): void {
  async function openOne() {
    const { db } = getDatabase();
    const [users, sessions] = [createUserStore(db), createSessionStore(db)];
    const user = newUser({ email: `${createId()}@example.com` });
    await users.insert(user, entry());
    async function logIn(changes: { passwordHash?: string } = {}) {
      const [id, token] = [createId(), createRefreshToken()];
      const session = { id, userId: user.id, passwordHash: "hash", tokenHash: toTokenHash(token), ...changes };
      return { id, token, isOpen: await sessions.open(session, entry({ action: "session.opened" })) };
    }
    const rotate = async (token: string) => {
      const next = createRefreshToken();
      return { next, ...(await sessions.rotate(toTokenHash(token), toTokenHash(next), { ip: "::1" })) };
    };
    return { db, users, sessions, user, logIn, rotate };
  }

  describe("a session", () => {
    it("goes on with each refresh token once, and is the same user's all along", async () => {
      const { sessions, user, logIn, rotate } = await openOne();
      const { id, token, isOpen } = await logIn();
      expect(isOpen).toBe(true);
      const first = await rotate(token);
      expect(first).toMatchObject({ type: "rotated", sessionId: id, user: { id: user.id } });
      expect(await rotate(first.next)).toMatchObject({ type: "rotated", sessionId: id });
      expect(await sessions.findLive(id)).toMatchObject({ id: user.id });
      expect(await sessions.findSessionOfToken(toTokenHash(token))).toBe(id);
      for (const other of [createId(), "", "\0"]) expect(await sessions.findLive(other)).toBeUndefined();
    });

    it("ends for everybody when a refresh token comes twice, and the audit log says so once", async () => {
      const { db, sessions, user, logIn, rotate } = await openOne();
      const { id, token } = await logIn();
      const other = await logIn();
      const { next } = await rotate(token);
      expect(await rotate(token)).toMatchObject({ type: "reused" });
      expect(await rotate(token)).toMatchObject({ type: "reused" });
      expect(await rotate(next)).toMatchObject({ type: "refused" });
      expect(await sessions.findLive(id)).toBeUndefined();
      expect(await sessions.findLive(other.id)).toBeDefined();
      const { entries } = await createAuditLog(db).list({
        subject: `session:${id}`,
        action: "session.reused",
        limit: 9,
      });
      expect(entries).toMatchObject([{ ownerId: `user:${user.id}`, ip: "::1" }]);
    });

    it("hands out one successor, however many come with the same token at the same moment: that is reuse, without grace", async () => {
      const { db, sessions, logIn, rotate } = await openOne();
      const { id, token } = await logIn();
      const tries = await Promise.all(Array.from({ length: 10 }, () => rotate(token)));
      expect(tries.filter(({ type }) => type === "rotated")).toHaveLength(1);
      expect(tries.filter(({ type }) => type === "reused")).toHaveLength(9);
      expect(await readCount(db, "comfy.refresh_tokens")).toBe(2);
      expect(await sessions.findLive(id)).toBeUndefined();
    });

    it("does not begin when the password was changed or the user disabled since it was checked", async () => {
      const { users, user, logIn } = await openOne();
      expect((await logIn({ passwordHash: "another" })).isOpen).toBe(false);
      await users.update(user.id, { isDisabled: true }, entry());
      expect((await logIn()).isOpen).toBe(false);
      await users.update(user.id, { isDisabled: false }, entry());
      expect((await logIn()).isOpen).toBe(true);
    });

    it("ends at once when its user is disabled, and stays ended when the user is let in again", async () => {
      const { users, sessions, user, logIn, rotate } = await openOne();
      const { id, token } = await logIn();
      await users.update(user.id, { isDisabled: true }, entry());
      expect(await sessions.findLive(id)).toBeUndefined();
      expect(await rotate(token)).toMatchObject({ type: "refused" });
      await users.update(user.id, { isDisabled: false }, entry());
      expect(await sessions.findLive(id)).toBeUndefined();
    });

    it("ends with another password, with a logout, and with all others of its user", async () => {
      const { users, sessions, user, logIn, rotate } = await openOne();
      const [one, two, three, four] = [await logIn(), await logIn(), await logIn(), await logIn()];
      const { next } = await rotate(one.token);
      expect(await sessions.endByToken(toTokenHash(one.token), "session", { ip: "::1" })).toEqual({ userId: user.id });
      expect(await rotate(next)).toMatchObject({ type: "refused" });
      expect(await sessions.findLive(two.id)).toBeDefined();
      expect(await sessions.endByToken(toTokenHash(two.token), "user", { ip: "::1" })).toEqual({ userId: user.id });
      expect(await sessions.findLive(three.id)).toBeUndefined();
      expect(await sessions.endByToken("f".repeat(64), "user", { ip: "::1" })).toBeUndefined();
      const five = await logIn();
      expect(await sessions.endAll(user.id, "revoked", entry())).toBe(1);
      expect(await sessions.findLive(five.id)).toBeUndefined();
      const six = await logIn();
      await users.update(user.id, { passwordHash: "next" }, entry());
      expect(await sessions.findLive(six.id)).toBeUndefined();
      expect(await sessions.findLive(four.id)).toBeUndefined();
    });

    it("is ended by a refresh token only while its own goes on: one that leaked long ago ends nothing, and writes nothing", async () => {
      const { db, sessions, user, logIn } = await openOne();
      const [dead, aged, live] = [await logIn(), await logIn(), await logIn()];
      const end = ({ token }: { token: string }) => sessions.endByToken(toTokenHash(token), "user", { ip: "::1" });
      await sessions.endByToken(toTokenHash(dead.token), "session", { ip: "::1" });
      await sql`update comfy.refresh_tokens set expires_at = clock_timestamp() - interval '1 second'
        where session_id = ${aged.id}::uuid`.execute(db);
      expect([await end(dead), await end(aged)]).toEqual([undefined, undefined]);
      expect(await sessions.findLive(live.id)).toBeDefined();
      await end(live);
      await end(live);
      const subject = `user:${user.id}`;
      const { entries } = await createAuditLog(db).list({ subject, action: "session.ended", limit: 9 });
      expect(entries.map(({ details }) => details)).toEqual([{ reach: "user" }, { reach: "session" }]);
    });

    it("is over when its time is, and so is a refresh token; both are forgotten later", async () => {
      const { db, sessions, logIn, rotate } = await openOne();
      const [one, two] = [await logIn(), await logIn()];
      await sql`update comfy.sessions set expires_at = clock_timestamp() - interval '31 days'
        where id = ${one.id}::uuid`.execute(db);
      await sql`update comfy.refresh_tokens set expires_at = clock_timestamp() - interval '1 second'
        where session_id = ${two.id}::uuid`.execute(db);
      expect(await sessions.findLive(one.id)).toBeUndefined();
      expect(await rotate(one.token)).toMatchObject({ type: "refused" });
      expect(await rotate(two.token)).toMatchObject({ type: "refused" });
      await runUpkeep(db, { isVacuumed: false });
      expect([await readCount(db, "comfy.sessions"), await readCount(db, "comfy.refresh_tokens")]).toEqual([1, 0]);
    });

    it("keeps no token: only hashes", async () => {
      const { db, logIn } = await openOne();
      const { token } = await logIn();
      const { rows } = await sql<{ text: string }>`
        select t::text || s::text as text from comfy.refresh_tokens t, comfy.sessions s`.execute(db);
      expect(rows.map(({ text }) => text).join()).not.toContain(token.slice(3));
    });
  });

  describe("the keys of access tokens", () => {
    const seals = { seal: (purpose: string, plain: Uint8Array) => Buffer.concat([Buffer.from(`${purpose}|`), plain]) };
    const sealer = {
      ...seals,
      open(purpose: string, sealed: Uint8Array) {
        if (!Buffer.from(sealed).toString("latin1").startsWith(`${purpose}|`))
          throw new Error("Sealed for another purpose.");
        return sealed.subarray(purpose.length + 1);
      },
    };
    const open = (clock = createManualClock()) =>
      createSessionKeys({ db: getDatabase().db, clock, log: silentLog, sealer });
    const age = (id: string, ms: number) =>
      sql`update comfy.session_keys set created_at = clock_timestamp() - ${ms}::float8 * interval '1 millisecond'
        where id = ${id}`.execute(getDatabase().db);

    it("are the same for every process and over restarts", async () => {
      const key = await open().current();
      expect(key.secret).toHaveLength(32);
      expect(await open().current()).toEqual(key);
      expect(await open().find(key.id)).toEqual(key);
      for (const id of ["", "unknown", "\0", "'; --", "x".repeat(99)]) expect(await open().find(id)).toBeUndefined();
    });

    it("are followed by a new one after a week; the old one is good for an hour more, in a process that knew it too", async () => {
      const clock = createManualClock();
      const long = open(clock);
      const first = await long.current();
      await age(first.id, 7 * 24 * HOUR_MS + 1_000);
      expect((await long.current()).id).toBe(first.id);
      clock.advance(61_000);
      const second = await long.current();
      expect(second.id).not.toBe(first.id);
      expect(await open().find(first.id)).toEqual(first);
      await age(first.id, 7 * 24 * HOUR_MS + HOUR_MS + 1_000);
      clock.advance(61_000);
      expect(await long.find(first.id)).toBeUndefined();
      expect(await long.find(second.id)).toEqual(second);
    });

    it("are sealed in the database; one that cannot be unsealed is replaced", async () => {
      const { db } = getDatabase();
      const first = await open().current();
      await sql`update comfy.session_keys set id = 'moved' where id = ${first.id}`.execute(db);
      const second = await open().current();
      expect(second.id).not.toBe("moved");
      expect(await open().find("moved")).toBeUndefined();
    });
  });
}
