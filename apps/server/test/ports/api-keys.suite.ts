import { sql } from "kysely";
import { beforeEach, describe, expect, it } from "vitest";
import { LIVE_KEYS_MAX } from "../../src/access/manage-keys.ts";
import { createId } from "../../src/ids.ts";
import { testKeyRing } from "./key-ring.suite.ts";
import { createKeyParts, type KeyParts, maker, KEY_OWNER as OWNER, secretOf } from "./key-set-up.ts";
import { type GetDatabase, readCount } from "./set-up.ts";

/** What keys in a database promise. */
export function apiKeysSuite(getDatabase: GetDatabase): void {
  let clock: KeyParts["clock"];
  let open: KeyParts["open"];
  let make: KeyParts["make"];
  beforeEach(() => {
    ({ clock, open, make } = createKeyParts(getDatabase));
  });

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
      const operator = { ...maker, ownerId: "env:operator" };
      await verbs.revokeKey(operator, { id }, { ip: "203.0.113.7", requestId: "request-1" });
      await verbs.revokeKey(maker, { id }, {});
      const { rows } = await sql<{ action: string; actor_id: string; owner_id: string; text: string }>`
        select action, actor_id, owner_id, a::text as text from comfy.audit_log a where subject = ${id} order by seq`.execute(
        db,
      );
      expect(rows.map(({ action }) => action)).toEqual(["key.created", "key.rotated", "key.revoked"]);
      expect(await readCount(db, "comfy.audit_log")).toBe(before + 3);
      for (const { actor_id, owner_id, text } of rows) {
        expect([actor_id, owner_id]).toEqual(["key-maker", OWNER]);
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
}
