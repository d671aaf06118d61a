import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import type { AuditEntry } from "../../src/access/audit-log.ts";
import { createFirstAdmin } from "../../src/access/first-admin.ts";
import { createPasswords } from "../../src/access/passwords.ts";
import { ownerOfUser } from "../../src/access/user.ts";
import type { NewUser } from "../../src/access/user-store.ts";
import { createAuditLog } from "../../src/adapters/database/audit-log.ts";
import { createUserStore } from "../../src/adapters/database/users.ts";
import { createId } from "../../src/ids.ts";
import { createRecordingLog } from "../recording-log.ts";
import type { GetDatabase } from "./set-up.ts";

export const newUser = (changes: Partial<NewUser> = {}): NewUser => ({
  id: createId(),
  email: "ada@example.com",
  passwordHash: "hash",
  role: "user",
  tier: "free",
  ...changes,
});

export const entry = (changes: Partial<AuditEntry> = {}): AuditEntry => ({
  actorId: "key",
  action: "user.created",
  subject: "user:x",
  ...changes,
});

/** What the users and the audit log promise. */
export function usersSuite(getDatabase: GetDatabase): void {
  const open = () => createUserStore(getDatabase().db);
  const openLog = () => createAuditLog(getDatabase().db);
  const readLog = async (actorId: string) => (await openLog().list({ actorId, limit: 100 })).entries;

  describe("users", () => {
    it("are found by their id and, in either case, by their e-mail address", async () => {
      const users = open();
      const user = newUser({ email: "Ada@Example.com", name: "Ada\0", tier: "pro" });
      const inserted = await users.insert(user, entry());
      expect(inserted).toMatchObject({ id: user.id, email: "Ada@Example.com", name: "Ada\uFFFD", isDisabled: false });
      expect(await users.find(user.id)).toEqual(inserted);
      expect(await users.findByEmail(" ada@example.COM")).toEqual({ user: inserted, passwordHash: "hash" });
      for (const id of [createId(), "", "'; --", "\0"]) expect(await users.find(id)).toBeUndefined();
      expect(await users.findByEmail("grace@example.com\0")).toBeUndefined();
    });

    it("are one for each address, however many register at the same moment; only who got in is in the log", async () => {
      const users = open();
      const actorId = createId();
      const tries = ["ada@example.com", "ADA@example.com", "Ada@Example.Com"].map((email) =>
        users.insert(newUser({ email }), entry({ actorId })),
      );
      expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
      expect(await readLog(actorId)).toHaveLength(1);
    });

    it("change in the fields that are given, and the log says so in the same transaction", async () => {
      const users = open();
      const user = newUser();
      const actorId = createId();
      await users.insert(user, entry());
      const updated = await users.update(user.id, { tier: "enterprise", name: "Ada" }, entry({ actorId, action: "a" }));
      expect(updated).toMatchObject({ type: "updated", user: { tier: "enterprise", name: "Ada", role: "user" } });
      expect(await users.update(createId(), { tier: "pro" }, entry({ actorId }))).toEqual({ type: "unknown" });
      expect(await users.update("nobody", { tier: "pro" }, entry({ actorId }))).toEqual({ type: "unknown" });
      expect((await readLog(actorId)).map(({ action }) => action)).toEqual(["a"]);
    });

    it("keep one admin who can log in, also when two demote each other at the same moment", async () => {
      const users = open();
      const [one, two] = [newUser({ role: "admin" }), newUser({ role: "admin", email: "grace@example.com" })];
      expect(await users.hasAdmin()).toBe(false);
      await users.insert(one, entry());
      expect(await users.update(one.id, { isDisabled: true }, entry())).toEqual({ type: "last_admin" });
      expect(await users.update(one.id, { role: "user" }, entry())).toEqual({ type: "last_admin" });
      expect(await users.update(one.id, { role: "admin", tier: "pro" }, entry())).toMatchObject({ type: "updated" });
      await users.insert(two, entry());
      const tries = await Promise.all([
        users.update(one.id, { role: "user" }, entry()),
        users.update(two.id, { isDisabled: true }, entry()),
      ]);
      expect(tries.map(({ type }) => type).toSorted()).toEqual(["last_admin", "updated"]);
      expect(await users.hasAdmin()).toBe(true);
    });

    it("are listed newest first in pages, and found by part of a name, which is text and no pattern", async () => {
      const users = open();
      const ids: string[] = [];
      for (const [n, email] of ["a%b@example.com", "ada@example.com", "bob@example.org"].entries()) {
        const user = newUser({ id: createId(1_700_000_000_000 + n), email, ...(n === 2 && { name: "Bob A_a" }) });
        ids.unshift(user.id);
        await users.insert(user, entry());
      }
      const first = await users.list({ limit: 2 });
      expect(first.users.map(({ id }) => id)).toEqual(ids.slice(0, 2));
      const second = await users.list({ limit: 2, cursor: first.nextCursor ?? "" });
      expect([second.users.map(({ id }) => id), second.nextCursor]).toEqual([[ids[2]], undefined]);
      const search = async (text: string) =>
        (await users.list({ search: text, limit: 9 })).users.map(({ email }) => email);
      expect(await search("EXAMPLE.COM")).toEqual(["ada@example.com", "a%b@example.com"]);
      expect(await search("%")).toEqual(["a%b@example.com"]);
      expect(await search("a_a")).toEqual(["bob@example.org"]);
      expect(await search("\0")).toEqual([]);
      await users.update(ids[0] ?? "", { isDisabled: true }, entry());
      expect((await users.list({ isDisabled: true, limit: 9 })).users.map(({ id }) => id)).toEqual([ids[0]]);
      expect((await users.list({ role: "admin", limit: 9 })).users).toEqual([]);
      await expect(users.list({ limit: 1, cursor: "7" })).rejects.toMatchObject({ code: "invalid_input" });
    });

    it("have their password hashed anew only while it is the one that was checked", async () => {
      const users = open();
      const user = newUser({ passwordHash: "old" });
      await users.insert(user, entry());
      await users.rehash(user.id, "older", "wrong");
      expect((await users.findByEmail(user.email))?.passwordHash).toBe("old");
      await users.rehash(user.id, "old", "new");
      expect((await users.findByEmail(user.email))?.passwordHash).toBe("new");
    });

    it("are given another password only while the one that was checked is theirs, and nobody has disabled them", async () => {
      const users = open();
      const user = newUser({ passwordHash: "old" });
      await users.insert(user, entry());
      await users.update(user.id, { passwordHash: "rescue" }, entry());
      const tryWith = (checked: string) => users.update(user.id, { passwordHash: "intruder" }, entry(), checked);
      expect(await tryWith("old")).toEqual({ type: "unknown" });
      expect((await users.findByEmail(user.email))?.passwordHash).toBe("rescue");
      await users.update(user.id, { isDisabled: true }, entry());
      expect(await tryWith("rescue")).toEqual({ type: "unknown" });
      await users.update(user.id, { isDisabled: false }, entry());
      expect(await tryWith("rescue")).toMatchObject({ type: "updated" });
    });
  });

  describe("the first admin", () => {
    const admin = { email: "root@example.com", password: "correct horse battery" };
    const passwords = createPasswords({ cost: { memoryKib: 64, passes: 1, parallelism: 1 } });

    it("is created where there is none, by one of the processes that start together", async () => {
      const users = open();
      const log = createRecordingLog();
      await Promise.all([1, 2].map(() => createFirstAdmin({ users, passwords, log }, admin)));
      expect((await users.list({ limit: 9 })).users).toMatchObject([{ email: admin.email, role: "admin" }]);
      const found = await users.findByEmail(admin.email);
      expect((await passwords.check(admin.password, found?.passwordHash)).isRight).toBe(true);
      expect(log.lines.map(({ level }) => level)).toEqual(["info"]);
      expect(JSON.stringify(log.lines)).not.toContain(admin.password);
    });

    it("is not what it was any more once somebody changed it: the environment undoes nothing", async () => {
      const users = open();
      const log = createRecordingLog();
      await createFirstAdmin({ users, passwords, log }, admin);
      const { user } = (await users.findByEmail(admin.email)) ?? {};
      await users.update(user?.id ?? "", { passwordHash: "changed" }, entry());
      await createFirstAdmin({ users, passwords, log }, { ...admin, email: "other@example.com" });
      await createFirstAdmin({ users, passwords, log }, admin);
      expect((await users.findByEmail(admin.email))?.passwordHash).toBe("changed");
      expect((await users.list({ limit: 9 })).users).toHaveLength(1);
    });

    it("is not made of a user who is none, and a password that breaks the rules stops the start", async () => {
      const users = open();
      const log = createRecordingLog();
      await users.insert(newUser({ email: admin.email }), entry());
      await createFirstAdmin({ users, passwords, log }, admin);
      expect(await users.hasAdmin()).toBe(false);
      expect(log.lines).toMatchObject([{ level: "warn", message: expect.stringContaining("no admin was created") }]);
      const weak = createFirstAdmin({ users, passwords, log }, { ...admin, password: "short" });
      await expect(weak).rejects.toThrow("ADMIN_PASSWORD: The password is too short");
    });
  });

  describe("the audit log", () => {
    it("gives back what was recorded, newest first, by page and by what it is asked for", async () => {
      const log = openLog();
      const actorId = createId();
      const ownerId = ownerOfUser(createId());
      for (const n of [1, 2, 3])
        await log.record({
          ...entry({ actorId, action: `did.${n}` }),
          ...(n === 2 && { ownerId, details: { n, is: true }, ip: "::1", requestId: "r\0" }),
        });
      const first = await log.list({ actorId, limit: 2 });
      expect(first.entries.map(({ action }) => action)).toEqual(["did.3", "did.2"]);
      expect(first.entries[1]).toMatchObject({ ownerId, details: { n: 2, is: true }, ip: "::1", requestId: "r\uFFFD" });
      const second = await log.list({ actorId, limit: 2, cursor: first.nextCursor ?? "" });
      expect([second.entries.map(({ action }) => action), second.nextCursor]).toEqual([["did.1"], undefined]);
      expect((await log.list({ ownerId, limit: 9 })).entries).toHaveLength(1);
      expect((await log.list({ actorId, action: "did.3", subject: "user:x", limit: 9 })).entries).toHaveLength(1);
      expect((await log.list({ actorId, createdAfterMs: Date.now() + 60_000, limit: 9 })).entries).toEqual([]);
      expect((await log.list({ actorId, createdBeforeMs: Date.now() - 60_000, limit: 9 })).entries).toEqual([]);
      await expect(log.list({ cursor: "x", limit: 9 })).rejects.toMatchObject({ code: "invalid_input" });
    });

    it.each([
      ["changed", "update comfy.audit_log set actor_id = 'somebody else'"],
      ["removed", "delete from comfy.audit_log"],
      ["emptied", "truncate comfy.audit_log"],
    ])("cannot be %s, by whoever may write to it", async (_, statement) => {
      const { db } = getDatabase();
      const actorId = createId();
      await openLog().record(entry({ actorId }));
      await expect(sql.raw(statement).execute(db)).rejects.toThrow("only ever added to");
      expect(await readLog(actorId)).toHaveLength(1);
    });

    it("does not tell what was rolled back", async () => {
      const { db } = getDatabase();
      const actorId = createId();
      const work = db.transaction().execute(async (trx) => {
        await createAuditLog(trx).record(entry({ actorId }));
        throw new Error("changed its mind");
      });
      await expect(work).rejects.toThrow("changed its mind");
      expect(await readLog(actorId)).toEqual([]);
    });
  });
}
