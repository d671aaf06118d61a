import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import type { LinkKey, LinkKeys } from "../../assets/link-keys.ts";
import type { Tables } from "./tables.ts";

/** The newest key signs; older ones stay to verify. Rows never change, so a key is read once per process. */
export function createLinkKeys(db: Kysely<Tables>): LinkKeys {
  const known = new Map<string, LinkKey>();
  let current: LinkKey | undefined;

  const keys = db.selectFrom("comfy.link_keys").select(["id", "secret"]);
  const findNewest = () => keys.orderBy("created_at", "desc").orderBy("id").limit(1).executeTakeFirst();

  return {
    async current() {
      current ??= await findNewest();
      if (!current) {
        const key = { id: randomBytes(6).toString("base64url"), secret: randomBytes(32) };
        await db.insertInto("comfy.link_keys").values(key).execute();
        // Two processes that start together each write one; both go on with whichever reads as the newest, and honour the other.
        current = (await findNewest()) ?? key;
      }
      return current;
    },
    async find(id) {
      // An id from a link is a stranger's text: PostgreSQL would refuse a zero character with an error.
      if (!/^[\w-]{1,32}$/.test(id)) return undefined;
      const key = known.get(id) ?? (await keys.where("id", "=", id).executeTakeFirst());
      if (key) known.set(id, key);
      return key;
    },
  };
}
