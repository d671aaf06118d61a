import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe } from "vitest";
import { createDatabase, type Database } from "../../src/adapters/database/create-database.ts";
import { silentLog } from "../../src/log.ts";
import { acceptSuite } from "./accept.suite.ts";
import { apiKeysSuite } from "./api-keys.suite.ts";
import { backendSwitchesSuite } from "./backend-switches.suite.ts";
import { backendsSuite } from "./backends.suite.ts";
import { claimSuite } from "./claim.suite.ts";
import { couriersSuite } from "./couriers.suite.ts";
import { directClaimSuite } from "./direct-claim.suite.ts";
import { prepareEmbedded } from "./embedded-template.ts";
import { finishSuite } from "./finish.suite.ts";
import { listsSuite } from "./lists.suite.ts";
import { outboxSuite } from "./outbox.suite.ts";
import { ownershipSuite } from "./ownership.suite.ts";
import { recordsSuite } from "./records.suite.ts";
import { sessionsSuite } from "./sessions.suite.ts";
import { clear } from "./set-up.ts";
import { shelfSuite } from "./shelf.suite.ts";
import { storageSuite } from "./storage.suite.ts";
import { streamTicketsSuite } from "./stream-tickets.suite.ts";
import { uploadsSuite } from "./uploads.suite.ts";
import { usageSuite } from "./usage.suite.ts";
import { usersSuite } from "./users.suite.ts";
import { webhooksSuite } from "./webhooks.suite.ts";

describe("the embedded database", () => {
  let directory: string;
  let database: Database;
  const getDatabase = () => database;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "comfy-ports-"));
    await prepareEmbedded(directory);
    database = await createDatabase({ directory, log: silentLog });
  }, 120_000);
  beforeEach(() => clear(database));
  afterAll(async () => {
    await database.close();
    await rm(directory, { recursive: true });
  });

  acceptSuite(getDatabase);
  directClaimSuite(getDatabase);
  claimSuite(getDatabase);
  ownershipSuite(getDatabase);
  backendsSuite(getDatabase);
  listsSuite(getDatabase);
  finishSuite(getDatabase);
  backendSwitchesSuite(getDatabase);
  recordsSuite(getDatabase);
  outboxSuite(getDatabase);
  usageSuite(getDatabase);
  webhooksSuite(getDatabase);
  couriersSuite(getDatabase);
  streamTicketsSuite(getDatabase);
  apiKeysSuite(getDatabase);
  usersSuite(getDatabase);
  sessionsSuite(getDatabase);
  uploadsSuite(getDatabase);
  shelfSuite(getDatabase);
  storageSuite(getDatabase);
});
