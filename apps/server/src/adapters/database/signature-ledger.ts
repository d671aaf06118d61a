import type { Kysely } from "kysely";
import type { PendingSignature } from "../../access/caller.ts";
import type { SignatureLedger } from "../../access/signature-ledger.ts";
import type { Tables } from "./tables.ts";
import { withPatience } from "./with-patience.ts";

export function createSignatureLedger(db: Kysely<Tables>): SignatureLedger {
  async function insert({ hash, expiresAtMs }: PendingSignature): Promise<boolean> {
    const spent = await db
      .insertInto("comfy.used_signatures")
      .values({ hash, expires_at: new Date(expiresAtMs).toISOString() })
      .onConflict((conflict) => conflict.doNothing())
      .returning("hash")
      .executeTakeFirst();
    return spent !== undefined;
  }

  return {
    // Written twice it is spent once: whoever polls a job should not see that the database was away for a moment.
    spend: (signature, { isRepeatable = false } = {}) =>
      isRepeatable ? withPatience(() => insert(signature)) : insert(signature),
  };
}
