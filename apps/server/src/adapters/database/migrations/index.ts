import { jobsMigration } from "./0001-jobs.ts";
import { assetsMigration } from "./0002-assets.ts";
import { manyWorkersMigration } from "./0003-many-workers.ts";
import { webhooksMigration } from "./0004-webhooks.ts";
import { streamTicketsMigration } from "./0005-stream-tickets.ts";
import { keysMigration } from "./0006-keys.ts";
import { usersMigration } from "./0007-users.ts";
import { uploadsMigration } from "./0008-uploads.ts";
import { usageMigration } from "./0009-usage.ts";
import { storageMigration } from "./0010-storage.ts";
import { uploadKeysMigration } from "./0011-upload-keys.ts";
import type { Migration } from "./migrate.ts";

/** Every step of the schema, in order. */
export const migrations: readonly Migration[] = [
  jobsMigration,
  assetsMigration,
  manyWorkersMigration,
  webhooksMigration,
  streamTicketsMigration,
  keysMigration,
  usersMigration,
  uploadsMigration,
  usageMigration,
  storageMigration,
  uploadKeysMigration,
];
