import { afterAll, beforeAll, beforeEach, describe } from "vitest";
import { createDatabase, type Database } from "../../src/adapters/database/create-database.ts";
import { silentLog } from "../../src/log.ts";
import { acceptSuite } from "./accept.suite.ts";
import { apiKeysSuite } from "./api-keys.suite.ts";
import { backendSwitchesSuite } from "./backend-switches.suite.ts";
import { backendsSuite } from "./backends.suite.ts";
import { claimSuite } from "./claim.suite.ts";
import { concurrencySuite } from "./concurrency.suite.ts";
import { couriersSuite } from "./couriers.suite.ts";
import { directClaimSuite } from "./direct-claim.suite.ts";
import { finishSuite } from "./finish.suite.ts";
import { listsSuite } from "./lists.suite.ts";
import { manyProcessesSuite } from "./many-processes.suite.ts";
import { outboxSuite } from "./outbox.suite.ts";
import { ownerKeysSuite } from "./owner-keys.suite.ts";
import { ownershipSuite } from "./ownership.suite.ts";
import { recordsSuite } from "./records.suite.ts";
import { sealedSecretsSuite } from "./sealed-secrets.suite.ts";
import { sessionsSuite } from "./sessions.suite.ts";
import { clear } from "./set-up.ts";
import { shelfSuite } from "./shelf.suite.ts";
import { findPostgres, type PostgresServer, startPostgres } from "./start-postgres.ts";
import { storageSuite } from "./storage.suite.ts";
import { storageConcurrencySuite } from "./storage-concurrency.suite.ts";
import { streamTicketsSuite } from "./stream-tickets.suite.ts";
import { uploadsSuite } from "./uploads.suite.ts";
import { usageSuite } from "./usage.suite.ts";
import { userKeysSuite } from "./user-keys.suite.ts";
import { usersSuite } from "./users.suite.ts";
import { webhooksSuite } from "./webhooks.suite.ts";

const bin = findPostgres();

describe.skipIf(bin === undefined)("a PostgreSQL server", () => {
  let server: PostgresServer;
  let url: string;
  let database: Database;
  const getDatabase = () => database;

  beforeAll(async () => {
    server = await startPostgres(bin ?? "");
    url = await server.createDatabase();
    database = await createDatabase({ url, log: silentLog });
  }, 120_000);
  beforeEach(() => clear(database));
  afterAll(async () => {
    await database?.close();
    await server?.stop();
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
  ownerKeysSuite(getDatabase);
  userKeysSuite(getDatabase);
  sealedSecretsSuite(getDatabase);
  usersSuite(getDatabase);
  sessionsSuite(getDatabase);
  uploadsSuite(getDatabase);
  shelfSuite(getDatabase);
  storageSuite(getDatabase);
  storageConcurrencySuite(getDatabase);
  manyProcessesSuite(getDatabase);
  concurrencySuite(getDatabase, () => ({ server, url }));
});
