import type { Kysely } from "kysely";
import type { BackendSwitches } from "../../generation/backend-switches.ts";
import type { Tables } from "./tables.ts";

/** The row is there while the backend is drained; its value says since when. */
const PREFIX = "backend_drained/";

/** Switches as settings of the deployment: few, read often, changed by hand. */
export function createBackendSwitches(db: Kysely<Tables>): BackendSwitches {
  return {
    async readDrained() {
      const rows = await db
        .selectFrom("comfy.settings")
        .select("name")
        .where("name", "like", `${PREFIX.replace("_", "\\_")}%`)
        .orderBy("name")
        .execute();
      return rows.map(({ name }) => name.slice(PREFIX.length));
    },
    async setDrained(backendId, isDrained) {
      const name = PREFIX + backendId;
      if (!isDrained) {
        await db.deleteFrom("comfy.settings").where("name", "=", name).execute();
        return;
      }
      await db
        .insertInto("comfy.settings")
        .values({ name, value: new Date().toISOString() })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
  };
}
