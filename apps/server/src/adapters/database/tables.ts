import type { Generated } from "kysely";

/** The tables that single-table statements are typed against; statements over several are written in SQL beside their row types. */
export interface Tables {
  "comfy.settings": { name: string; value: string };
  "comfy.used_signatures": { hash: string; expires_at: string };
  "comfy.link_keys": {
    id: string;
    /** Plain, of rows from before there was a seal. */
    secret: Uint8Array | null;
    secret_enc: Uint8Array | null;
    created_at: Generated<Date>;
  };
}
