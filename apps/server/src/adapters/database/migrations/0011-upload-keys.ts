import type { Migration } from "./migrate.ts";

/** What an Idempotency-Key of an upload stands for. */
export const uploadKeysMigration: Migration = {
  id: "0011-upload-keys",
  sql: `
-- Ids are made of this, not of the key: a key that comes again after its day begins something new.
alter table comfy.upload_keys add column id uuid not null default gen_random_uuid();
`,
};
