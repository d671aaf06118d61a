import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { createId } from "../../ids.ts";
import type { Tables } from "./tables.ts";

/** What this deployment decided once and keeps: made at the first question, the same for every process ever after. */
export interface Settings {
  /** Marks what is ours on a backend that others use too. */
  readDeploymentId(): Promise<string>;
  /** 32 random bytes of that name, e.g. `webhooks`: a master key to derive others from. */
  readSecret(name: string): Promise<Uint8Array>;
}

export function createSettings(db: Kysely<Tables>): Settings {
  async function readOrKeep(name: string, make: () => string): Promise<string> {
    const find = () => db.selectFrom("comfy.settings").select("value").where("name", "=", name).executeTakeFirst();
    const known = await find();
    if (known) return known.value;
    // Of two processes that ask first, one writes; both read what was written.
    await db
      .insertInto("comfy.settings")
      .values({ name, value: make() })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const kept = await find();
    if (!kept) throw new Error(`The setting ${name} vanished while it was being written.`);
    return kept.value;
  }
  return {
    readDeploymentId: () => readOrKeep("deployment_id", () => createId()),
    async readSecret(name) {
      const text = await readOrKeep(`secret:${name}`, () => randomBytes(32).toString("base64"));
      return new Uint8Array(Buffer.from(text, "base64"));
    },
  };
}
