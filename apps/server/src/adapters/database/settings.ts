import type { Kysely } from "kysely";
import { createId } from "../../ids.ts";
import type { Tables } from "./tables.ts";

/** What this deployment decided once and keeps: made at the first question, the same for every process ever after. */
export interface Settings {
  /** Marks what is ours on a backend that others use too. */
  readDeploymentId(): Promise<string>;
}

export function createSettings(db: Kysely<Tables>): Settings {
  const find = () =>
    db.selectFrom("comfy.settings").select("value").where("name", "=", "deployment_id").executeTakeFirst();
  return {
    async readDeploymentId() {
      const known = await find();
      if (known) return known.value;
      // Of two processes that ask first, one writes; both read what was written.
      await db
        .insertInto("comfy.settings")
        .values({ name: "deployment_id", value: createId() })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      const kept = await find();
      if (!kept) throw new Error("The id of the deployment vanished while it was being written.");
      return kept.value;
    },
  };
}
