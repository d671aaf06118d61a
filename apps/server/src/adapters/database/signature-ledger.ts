import type { Kysely } from "kysely";
import type { SignatureLedger } from "../../access/signature-ledger.ts";
import type { Tables } from "./tables.ts";

export function createSignatureLedger(db: Kysely<Tables>): SignatureLedger {
  return {
    async spend({ hash, expiresAtMs }) {
      const spent = await db
        .insertInto("comfy.used_signatures")
        .values({ hash, expires_at: new Date(expiresAtMs).toISOString() })
        .onConflict((conflict) => conflict.doNothing())
        .returning("hash")
        .executeTakeFirst();
      return spent !== undefined;
    },
  };
}
