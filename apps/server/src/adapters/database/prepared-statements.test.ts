import type { Pool } from "pg";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../log.ts";
import { withPreparedStatements } from "./prepared-statements.ts";

/** A pool whose one client writes down how it was asked; named statements fail with this SQLSTATE. */
function setUp(failure?: string) {
  const asked: { name?: string; text: string }[] = [];
  const client = {
    async query(asking: string | { name: string; text: string }) {
      const isNamed = typeof asking !== "string";
      asked.push(isNamed ? { name: asking.name, text: asking.text } : { text: asking });
      if (isNamed && failure !== undefined) throw Object.assign(new Error("no such statement"), { code: failure });
      return { rows: [], command: "SELECT", rowCount: 0 };
    },
    release() {},
  };
  const pool = { connect: async () => client, end: async () => {} } as unknown as Pool;
  return { asked, pool: withPreparedStatements(pool, silentLog) };
}

describe("statements of a PostgreSQL server", () => {
  it("have one name for each text, so that they are planned once", async () => {
    const { asked, pool } = setUp();
    const client = await pool.connect();
    for (const text of ["select $1", "select $1", "select $1 + 1"]) await client.query(text, [1]);
    expect(new Set(asked.map(({ name }) => name)).size).toBe(2);
    expect(asked[0]?.name).toMatch(/^[\w-]{43}$/);
    expect(await pool.connect()).toBe(client);
  });

  it("without parameters are sent as they are: they may hold several commands", async () => {
    const { asked, pool } = setUp();
    await (await pool.connect()).query("create table a (); create table b ()", []);
    expect(asked).toEqual([{ text: "create table a (); create table b ()" }]);
  });

  it("work behind a pooler that keeps none, where they are tried once", async () => {
    const { asked, pool } = setUp("26000");
    const client = await pool.connect();
    await client.query("select $1", [1]);
    await client.query("select $1", [2]);
    expect(asked.map(({ name }) => name !== undefined)).toEqual([true, false, false]);
  });

  it("that are wrong stay wrong, and are not sent twice", async () => {
    const { asked, pool } = setUp("23505");
    await expect((await pool.connect()).query("insert $1", [1])).rejects.toMatchObject({ code: "23505" });
    expect(asked).toHaveLength(1);
  });
});
