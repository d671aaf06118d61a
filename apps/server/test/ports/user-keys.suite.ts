import { sql } from "kysely";
import { beforeEach, describe, expect, it } from "vitest";
import type { Caller } from "../../src/access/caller.ts";
import { createId } from "../../src/ids.ts";
import { createKeyParts, type KeyParts, maker, keyScopes as scopes } from "./key-set-up.ts";
import type { GetDatabase } from "./set-up.ts";

/** What keys of people promise. */
export function userKeysSuite(getDatabase: GetDatabase): void {
  let clock: KeyParts["clock"];
  let open: KeyParts["open"];
  let make: KeyParts["make"];
  beforeEach(() => {
    ({ clock, open, make } = createKeyParts(getDatabase));
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

    it("that need not end, or not so soon, is not taken over by a session: it cannot rotate it", async () => {
      const { verbs } = open();
      const ofKey = await make({}, { ...user, via: "signature" });
      await expect(verbs.rotateKey(user, ofKey.record.id, 0, {})).rejects.toMatchObject({ code: "access_denied" });
      const ofSession = await make({ scopes: ["read", "keys"] }, user);
      await verbs.rotateKey(user, ofSession.record.id, 0, {});
      expect(ofSession.record.expiresAtMs).toBe(clock.nowMs() + 30 * 86_400_000);
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
}
