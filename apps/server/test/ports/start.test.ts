import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createDatabase, type Database } from "../../src/adapters/database/create-database.ts";
import { migrations } from "../../src/adapters/database/migrations/index.ts";
import { silentLog } from "../../src/log.ts";
import { createRecordingLog } from "../recording-log.ts";
import { createLateServer } from "./late-server.ts";
import { findPostgres, type PostgresServer, startPostgres } from "./start-postgres.ts";

const bin = findPostgres();

describe.skipIf(bin === undefined)("a start on a PostgreSQL server", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres(bin ?? "");
  }, 120_000);
  afterAll(() => server?.stop());

  const open = (url: string, startTimeoutMs = 30_000) => createDatabase({ url, log: silentLog, startTimeoutMs });

  it("waits for a server that is not there yet, or is starting up, and says so", async () => {
    const late = await createLateServer(await server.createDatabase());
    onTestFinished(late.close);
    const log = createRecordingLog();
    const opening = createDatabase({ url: late.url, log, startTimeoutMs: 30_000 });
    await sleep(700);
    await late.open(2);
    const database = await opening;
    onTestFinished(database.close);
    await database.check();
    const sentences = log.lines.map(({ message }) => message);
    expect(sentences[0]).toBe("PostgreSQL does not answer yet: trying again until it does.");
    expect(sentences).toContain("The database schema was brought up to date.");
  });

  it("gives up after its deadline with a sentence", async () => {
    const late = await createLateServer(await server.createDatabase());
    await expect(open(late.url, 1_000)).rejects.toThrow(/^PostgreSQL did not answer within 1 s: .*ECONNREFUSED/);
    await late.open(1_000);
    onTestFinished(late.close);
    await expect(open(late.url, 1_000)).rejects.toThrow("starting up");
  });

  it("does not wait for what will not change: a database that does not exist", async () => {
    await expect(open((await server.createDatabase()).replace(/test_\d+$/, "nowhere"))).rejects.toThrow(
      /^database "nowhere" does not exist$/,
    );
  });

  it("runs each step of the schema once, however many processes start at the same moment", async () => {
    const url = await server.createDatabase();
    const log = createRecordingLog();
    const opened = await Promise.all(Array.from({ length: 6 }, () => createDatabase({ url, log })));
    for (const database of opened) onTestFinished(database.close);
    const ran = log.lines.flatMap(({ fields }) => fields.migrations ?? []);
    expect(ran.sort()).toEqual(migrations.map(({ id }) => id).sort());
  });

  it("is refused in a sentence on a database of a newer version, which is left as it is", async () => {
    const url = await server.createDatabase();
    const database: Database = await open(url);
    await sql`insert into comfy.migrations (id, checksum) values ('9999-future', 'x')`.execute(database.db);
    await database.close();
    await expect(open(url)).rejects.toThrow(
      "9999-future, which this version does not know: it was made by a newer one.",
    );
  });
});
