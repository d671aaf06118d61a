import { randomBytes } from "node:crypto";
import { type Scope, tiers } from "@comfy/contracts";
import { sql } from "kysely";
import { beforeEach, describe, expect, it } from "vitest";
import type { Caller } from "../../src/access/caller.ts";
import { createKeyUses } from "../../src/access/key-uses.ts";
import { createKeyVerbs, LIVE_KEYS_MAX, type MadeKey } from "../../src/access/manage-keys.ts";
import { createSealer } from "../../src/access/sealer.ts";
import { createStoredKeyRing } from "../../src/access/stored-keys.ts";
import { createKeyStore } from "../../src/adapters/database/api-keys.ts";
import { createLinkKeys } from "../../src/adapters/database/link-keys.ts";
import { sealRows } from "../../src/adapters/database/seal-rows.ts";
import { createId } from "../../src/ids.ts";
import { silentLog as log } from "../../src/log.ts";
import { createManualClock, type ManualClock } from "../manual-clock.ts";
import { testSealer } from "../sealer.ts";
import { testKeyRing } from "./key-ring.suite.ts";
import { type GetDatabase, readCount } from "./set-up.ts";

const scopes: readonly Scope[] = ["generate", "read", "upload", "webhooks", "keys"];
const OWNER = "env:owner";
const maker: Caller = {
  ...{ ownerId: OWNER, keyId: "key-maker", tier: "pro", limits: tiers.pro },
  ...{ scopes, via: "signature" },
};

/** What keys in a database promise. */
export function apiKeysSuite(getDatabase: GetDatabase): void {
  let clock: ManualClock;
  beforeEach(() => {
    clock = createManualClock(Date.now());
  });

  /** One process: its store, what it remembers, and what it does. */
  function open(sealer = testSealer) {
    const store = createKeyStore(getDatabase().db);
    const uses = createKeyUses({ store, clock, log, gatherMs: 1 });
    const rankOf = (ownerId: string) => (ownerId === OWNER ? { tier: "pro" as const } : undefined);
    const keys = createStoredKeyRing({ store, sealer, clock, uses, rankOf });
    return { store, uses, keys, verbs: createKeyVerbs({ store, sealer, clock }) };
  }

  const make = (
    wish: { mode?: "signed" | "bearer"; scopes?: readonly Scope[]; expiresAtMs?: number } = {},
    by = maker,
  ) => open().verbs.createKey(by, { name: "a key", mode: "signed", ...wish }, {});
  const secretOf = ({ secrets }: MadeKey) => ("secret" in secrets ? secrets.secret : secrets.token);

  describe("a key ring over the database", () => {
    testKeyRing(async () => {
      const made = await make();
      return { keys: open().keys, known: { apiKey: made.key, secret: secretOf(made), ownerId: OWNER } };
    });
  });

  describe("a key that the service made", () => {
    it("is kept as hashes and sealed bytes: no row holds what opens anything", async () => {
      const made = [await make(), await make({ mode: "bearer" })];
      const { rows } = await sql<{ text: string }>`select k::text as text from comfy.api_keys k`.execute(
        getDatabase().db,
      );
      const text = rows.map((row) => row.text).join("\n");
      for (const { key, secrets } of made)
        for (const secret of [key, ...Object.values(secrets)]) {
          expect(text).not.toContain(secret);
          expect(text).not.toContain(Buffer.from(secret).toString("hex"));
        }
    });

    it("is found by its token alone when it is a bearer key, and never by its key", async () => {
      const { keys } = open();
      const made = await make({ mode: "bearer" });
      const found = await keys.findByToken(secretOf(made));
      expect(found).toMatchObject({ id: made.record.id, mode: "bearer", secrets: [] });
      expect(await keys.findByToken(made.key)).toBeUndefined();
      expect(await keys.find(secretOf(made))).toBeUndefined();
    });

    it("is unknown once it was revoked: at once to a write in any process, within a second to a read", async () => {
      const [here, elsewhere] = [open(), open()];
      const made = await make();
      const read = () => elsewhere.keys.find(made.key, { isRead: true });
      expect(await read()).toBeDefined();
      await here.verbs.revokeKey(maker, { id: made.record.id, ownerId: OWNER }, {});
      expect(await elsewhere.keys.find(made.key)).toBeUndefined();
      expect(await read()).toBeDefined();
      clock.advance(1_000);
      expect(await read()).toBeUndefined();
      expect(await elsewhere.keys.findById(made.record.id)).toBeUndefined();
    });

    it("is unknown after its end, also to a read that remembers it", async () => {
      const { keys } = open();
      const made = await make({ expiresAtMs: clock.nowMs() + 60_000 });
      const read = () => keys.find(made.key, { isRead: true });
      clock.advance(59_500);
      expect(await read()).toBeDefined();
      clock.advance(500);
      expect(await read()).toBeUndefined();
    });

    it("works with the old secret and the new one until the overlap ends, then with the new one alone", async () => {
      const { keys, verbs } = open();
      const made = await make();
      const rotated = await verbs.rotateKey(maker, made.record.id, 60_000, {});
      expect((await keys.find(made.key))?.secrets).toEqual([secretOf(rotated), secretOf(made)]);
      await sql`update comfy.api_keys set previous_until = clock_timestamp()`.execute(getDatabase().db);
      expect((await keys.find(made.key))?.secrets).toEqual([secretOf(rotated)]);
    });

    it("is found by the old token and the new one until the overlap ends", async () => {
      const { keys, verbs } = open();
      const made = await make({ mode: "bearer" });
      const rotated = await verbs.rotateKey(maker, made.record.id, 60_000, {});
      for (const token of [secretOf(made), secretOf(rotated)]) expect(await keys.findByToken(token)).toBeDefined();
      await sql`update comfy.api_keys set previous_until = clock_timestamp()`.execute(getDatabase().db);
      expect(await keys.findByToken(secretOf(made))).toBeUndefined();
      expect(await keys.findByToken(secretOf(rotated))).toBeDefined();
    });

    it("forgets what it replaced at once when no overlap is wanted", async () => {
      const { keys, verbs } = open();
      const made = await make();
      const rotated = await verbs.rotateKey(maker, made.record.id, 0, {});
      expect((await keys.find(made.key))?.secrets).toEqual([secretOf(rotated)]);
      const { rows } = await sql`select from comfy.api_keys where previous_secret_enc is not null`.execute(
        getDatabase().db,
      );
      expect(rows).toEqual([]);
    });

    it("is one of a hundred live ones of its owner at the most", async () => {
      const { verbs } = open();
      const made = [];
      for (let n = 0; n < LIVE_KEYS_MAX; n++) made.push(await make());
      await expect(make()).rejects.toMatchObject({ code: "key_limit" });
      await make({}, { ...maker, ownerId: "env:other" });
      await verbs.revokeKey(maker, { id: made[0]?.record.id ?? "", ownerId: OWNER }, {});
      await make();
    });

    it("is listed newest first, page by page, to its owner alone", async () => {
      const { verbs } = open();
      const made = [await make(), await make(), await make()].map(({ record }) => record.id);
      await make({}, { ...maker, ownerId: "env:other" });
      const first = await verbs.listKeys({ ownerId: OWNER, limit: 2 });
      const { nextCursor: cursor = "" } = first;
      const second = await verbs.listKeys({ ownerId: OWNER, limit: 2, cursor });
      expect([...first.keys, ...second.keys].map(({ id }) => id)).toEqual(made.toReversed());
      expect(second.nextCursor).toBeUndefined();
      expect((await verbs.listKeys({ limit: 100 })).keys).toHaveLength(4);
      await expect(verbs.listKeys({ limit: 1, cursor: "elsewhere" })).rejects.toMatchObject({ code: "invalid_input" });
    });

    it("of somebody else is found, rotated and revoked by nobody", async () => {
      const { verbs, keys } = open();
      const made = await make();
      const stranger = { ...maker, ownerId: "env:other" };
      const { id } = made.record;
      await expect(verbs.rotateKey(stranger, id, 0, {})).rejects.toMatchObject({ code: "key_not_found" });
      const address = { id, ownerId: stranger.ownerId };
      await expect(verbs.revokeKey(stranger, address, {})).rejects.toMatchObject({ code: "key_not_found" });
      for (const text of ["", "nope", "' or true --", createId()])
        await expect(verbs.revokeKey(maker, { id: text }, {})).rejects.toMatchObject({ code: "key_not_found" });
      expect(await keys.find(made.key)).toBeDefined();
    });

    it("stays revoked, and can neither be rotated nor be revoked another time", async () => {
      const { verbs } = open();
      const { id } = (await make()).record;
      const first = await verbs.revokeKey(maker, { id }, {});
      expect(await verbs.revokeKey(maker, { id }, {})).toEqual(first);
      await expect(verbs.rotateKey(maker, id, 0, {})).rejects.toMatchObject({ code: "key_not_found" });
    });

    it("tells the audit log who made, rotated and revoked it, and no secret", async () => {
      const { db } = getDatabase();
      const { verbs } = open();
      const before = await readCount(db, "comfy.audit_log");
      const made = await make();
      const { id } = made.record;
      const rotated = await verbs.rotateKey(maker, id, 0, {});
      await verbs.revokeKey(maker, { id }, { ip: "203.0.113.7", requestId: "request-1" });
      await verbs.revokeKey(maker, { id }, {});
      const { rows } = await sql<{ action: string; actor_id: string; text: string }>`
        select action, actor_id, a::text as text from comfy.audit_log a where subject = ${id} order by seq`.execute(db);
      expect(rows.map(({ action }) => action)).toEqual(["key.created", "key.rotated", "key.revoked"]);
      expect(await readCount(db, "comfy.audit_log")).toBe(before + 3);
      for (const { actor_id, text } of rows) {
        expect(actor_id).toBe("key-maker");
        for (const secret of [made.key, secretOf(made), secretOf(rotated)]) expect(text).not.toContain(secret);
      }
    });

    it("counts for no more than its owner, whatever its row says, and for less where the row says less", async () => {
      const { db } = getDatabase();
      const { keys } = open();
      const made = await make();
      const setTier = (tier: string) => sql`update comfy.api_keys set tier = ${tier}`.execute(db);
      await setTier("enterprise");
      expect((await keys.find(made.key))?.tier).toBe("pro");
      await setTier("free");
      expect((await keys.find(made.key))?.tier).toBe("free");
    });
  });

  describe("a key of a user", () => {
    const userId = createId();
    const user: Caller = { ...maker, ownerId: `user:${userId}`, userId, scopes: [...scopes, "admin"], via: "session" };
    beforeEach(async () => {
      await sql`
        insert into comfy.users (id, email, email_key, password_hash, role, tier)
        values (${userId}::uuid, 'Ada@example.com', 'ada@example.com', 'x', 'admin', 'pro')`.execute(getDatabase().db);
    });
    const change = (set: ReturnType<typeof sql>) => sql`update comfy.users set ${set}`.execute(getDatabase().db);

    it("counts for no more than the user does now", async () => {
      const { keys } = open();
      const made = await make({}, user);
      expect(await keys.find(made.key)).toMatchObject({ tier: "pro", userId });
      await change(sql`tier = 'free'`);
      expect((await keys.find(made.key))?.tier).toBe("free");
    });

    it("operates nothing any more when its user does not", async () => {
      const { keys } = open();
      const made = await make({ scopes: ["admin", "read"] }, user);
      expect((await keys.find(made.key))?.scopes).toEqual(["read", "admin"]);
      await change(sql`role = 'user'`);
      expect((await keys.find(made.key))?.scopes).toEqual(["read"]);
    });

    it("is unknown while its user is disabled", async () => {
      const { keys } = open();
      const made = await make({}, user);
      await change(sql`disabled_at = clock_timestamp()`);
      expect(await keys.find(made.key)).toBeUndefined();
      await change(sql`disabled_at = null`);
      expect(await keys.find(made.key)).toBeDefined();
    });
  });

  describe("when a key was used last", () => {
    it("is written off the way of the request, and at most once a minute", async () => {
      const { keys, uses, store } = open();
      const { record } = await make();
      const lastUsed = async () => (await store.find({ id: record.id }))?.lastUsedAtMs;
      keys.noteUse(record.id);
      expect(await lastUsed()).toBeUndefined();
      await uses.stop();
      const first = await lastUsed();
      expect(first).toBe(clock.nowMs());
      clock.advance(59_000);
      keys.noteUse(record.id);
      await uses.stop();
      expect(await lastUsed()).toBe(first);
      clock.advance(1_000);
      keys.noteUse(record.id);
      await uses.stop();
      expect(await lastUsed()).toBe(clock.nowMs());
    });
  });

  describe("secrets that are kept", () => {
    const old = { id: "old", key: randomBytes(32) };
    const fresh = { id: "fresh", key: randomBytes(32) };

    it("are sealed anew at the start after a master key was put in front, and open without the old one then", async () => {
      const { db } = getDatabase();
      const before = open(createSealer([old]));
      const made = await before.verbs.createKey(maker, { name: "a key", mode: "signed" }, {});
      await before.verbs.rotateKey(maker, made.record.id, 60_000, {});
      const link = await createLinkKeys(db, createSealer([old])).current();
      expect(await sealRows(db, createSealer([fresh, old]))).toBe(3);
      expect(await sealRows(db, createSealer([fresh, old]))).toBe(0);
      expect((await open(createSealer([fresh])).keys.find(made.key))?.secrets).toHaveLength(2);
      const found = await createLinkKeys(db, createSealer([fresh])).find(link.id);
      expect(found && Buffer.from(found.secret)).toEqual(Buffer.from(link.secret));
    });

    it("of link keys that are still plain are sealed at the start, and sign as before", async () => {
      const { db } = getDatabase();
      const secret = randomBytes(32);
      await sql`insert into comfy.link_keys (id, secret) values ('plain', ${secret}::bytea)`.execute(db);
      const plain = await createLinkKeys(db, testSealer).find("plain");
      expect(plain && Buffer.from(plain.secret)).toEqual(secret);
      expect(await sealRows(db, testSealer)).toBe(1);
      const { rows } = await sql<{ text: string }>`select l::text as text from comfy.link_keys l`.execute(db);
      expect(rows.map(({ text }) => text).join()).not.toContain(secret.toString("hex"));
      const sealed = await createLinkKeys(db, testSealer).find("plain");
      expect(sealed && Buffer.from(sealed.secret)).toEqual(secret);
    });

    it("keep the service from starting when their master key is gone, with a sentence that says what to do", async () => {
      const { db } = getDatabase();
      await createLinkKeys(db, createSealer([old])).current();
      await expect(sealRows(db, createSealer([fresh]))).rejects.toThrow(/master key old.*MASTER_KEYS/s);
    });
  });
}
