import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import type { Sealer } from "../../access/seal.ts";
import type { LinkKey, LinkKeys } from "../../assets/link-keys.ts";
import type { Tables } from "./tables.ts";

interface LinkKeyRow {
  readonly id: string;
  /** Of rows from where nothing can be sealed, or from before anything was, until they are. */
  readonly secret: Uint8Array | null;
  readonly secret_enc: Uint8Array | null;
}

/** What the secret of a link key is sealed for. */
export const sealingOfLinkKey = (id: string): string => `link_key:${id}`;

/** The newest key signs; older ones stay to verify. What a row says never changes, so a key is read once per process. */
export function createLinkKeys(db: Kysely<Tables>, sealer: Sealer): LinkKeys {
  const known = new Map<string, LinkKey>();
  let current: LinkKey | undefined;

  const keys = db.selectFrom("comfy.link_keys").select(["id", "secret", "secret_enc"]);
  const toKey = ({ id, secret, secret_enc }: LinkKeyRow): LinkKey => ({
    id,
    secret: secret ?? sealer.open(sealingOfLinkKey(id), secret_enc ?? new Uint8Array()),
  });
  const findNewest = async () => {
    const row = await keys.orderBy("created_at", "desc").orderBy("id").limit(1).executeTakeFirst();
    return row && toKey(row);
  };

  return {
    async current() {
      current ??= await findNewest();
      if (!current) {
        const key = { id: randomBytes(6).toString("base64url"), secret: randomBytes(32) };
        const kept = sealer.canSeal
          ? { secret: null, secret_enc: sealer.seal(sealingOfLinkKey(key.id), key.secret) }
          : { secret: key.secret, secret_enc: null };
        await db
          .insertInto("comfy.link_keys")
          .values({ id: key.id, ...kept })
          .execute();
        // Two processes that start together each write one; both go on with whichever reads as the newest, and honour the other.
        current = (await findNewest()) ?? key;
      }
      return current;
    },
    async find(id) {
      // An id from a link is a stranger's text: PostgreSQL would refuse a zero character with an error.
      if (!/^[\w-]{1,32}$/.test(id)) return undefined;
      const remembered = known.get(id);
      if (remembered) return remembered;
      const row = await keys.where("id", "=", id).executeTakeFirst();
      const key = row && toKey(row);
      if (key) known.set(id, key);
      return key;
    },
  };
}
