// Runs in a thread of its own: PGlite answers in microtasks, so on the main thread a busy database would starve every timer.
import { parentPort, workerData } from "node:worker_threads";
import { PGlite, types } from "@electric-sql/pglite";
import { createRunStatement } from "./pglite-statements.ts";
import type { HostMessage, HostRequest } from "./pglite-thread.ts";

const port = parentPort;
if (!port) throw new Error("pglite-host.ts is started as a worker thread, not by itself.");
const post = (message: HostMessage) => port.postMessage(message);

/** What PGlite throws for a failed statement. */
interface StatementError extends Error {
  readonly code?: string;
  readonly detail?: string;
  readonly constraint?: string;
  readonly table?: string;
}

// 128 MB of shared buffers is what PostgreSQL takes for a machine of its own; jobs are small rows. Plans are made once, often while the
// tables are still empty: every statement has its index, and must keep to it when they are full.
const settings = ["shared_buffers=16MB", "plan_cache_mode=force_generic_plan", "enable_seqscan=off"];

const database = await PGlite.create({
  dataDir: String(workerData.directory),
  startParams: [...PGlite.defaultStartParams, ...settings.flatMap((setting) => ["-c", setting])],
  // Large integers are counts, sizes and times here: all below 2^53.
  parsers: { [types.INT8]: Number },
});
const runStatement = createRunStatement(database);
database.onNotification((channel, payload) => post({ type: "notification", channel, payload }));

async function answer({ id, sql, parameters }: HostRequest): Promise<void> {
  try {
    const { rows, command = "", affectedRows = 0 } = await runStatement(sql, parameters);
    post({ type: "result", id, rows, command, affectedRows });
  } catch (error) {
    const failure: StatementError = error instanceof Error ? error : new Error(String(error));
    const { message, code, detail, constraint, table } = failure;
    post({ type: "problem", id, message, code, detail, constraint, table });
  }
}

// One at a time: the session has one protocol stream.
let last: Promise<void> = Promise.resolve();
port.on("message", (request: HostRequest | "close") => {
  last = last.then(async () => {
    if (request !== "close") return answer(request);
    await database.close();
    port.close();
  });
});
post({ type: "ready" });
