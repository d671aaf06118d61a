import { describe, expect, it, vi } from "vitest";
import { createPglitePool } from "./pglite-pool.ts";
import type { PgliteThread } from "./pglite-thread.ts";

/** A thread that writes down what it is told to run. */
function createRecorder() {
  const ran: string[] = [];
  const thread: Pick<PgliteThread, "run" | "close"> = {
    async run(sql) {
      ran.push(sql);
      return { rows: [], command: sql.toUpperCase(), affectedRows: 0 };
    },
    async close() {
      ran.push("(closed)");
    },
  };
  return { ran, thread };
}

describe("the pool over one session", () => {
  it("serves callers in the order they came", async () => {
    const { ran, thread } = createRecorder();
    const pool = createPglitePool(thread);
    const first = await pool.connect();
    const others = ["b", "c"].map(async (name) => {
      const client = await pool.connect();
      await client.query(name, []);
      client.release();
    });
    await first.query("a", []);
    first.release();
    await Promise.all(others);
    await pool.end();
    expect(ran).toEqual(["a", "b", "c", "(closed)"]);
  });

  it("tells a caller who waited too long that the database is busy", async () => {
    const { thread } = createRecorder();
    const pool = createPglitePool(thread, { turnTimeoutMs: 5, holdTimeoutMs: 60_000 });
    const holder = await pool.connect();
    await expect(pool.connect()).rejects.toMatchObject({ code: "unavailable", retryAfterSeconds: 5 });
    holder.release();
    (await pool.connect()).release();
    await pool.end();
  });

  it("rolls back the transaction of a caller who holds the session too long, and lends it on", async () => {
    const { ran, thread } = createRecorder();
    const pool = createPglitePool(thread, { turnTimeoutMs: 60_000, holdTimeoutMs: 5 });
    const forgetful = await pool.connect();
    await forgetful.query("begin", []);
    const next = await pool.connect();
    await expect(forgetful.query("commit", [])).rejects.toMatchObject({ code: "unavailable" });
    forgetful.release();
    next.release();
    await vi.waitFor(() => expect(ran).toEqual(["begin", "rollback"]));
    await pool.end();
  });
});
