// Runs in a thread of its own: PGlite answers in microtasks, so on the main thread a busy database would starve every timer.
import { parentPort, workerData } from "node:worker_threads";
import { PGlite, type Results, types } from "@electric-sql/pglite";
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

const database = await PGlite.create({
  dataDir: String(workerData.directory),
  // 128 MB of shared buffers is what PostgreSQL takes for a machine of its own; jobs are small rows.
  startParams: [...PGlite.defaultStartParams, "-c", "shared_buffers=16MB"],
  // Large integers are counts, sizes and times here: all below 2^53.
  parsers: { [types.INT8]: Number },
});

// A statement without parameters goes through the simple protocol, which takes several statements at once (migrations).
async function run({ sql, parameters }: HostRequest): Promise<Pick<Results, "rows" | "affectedRows">> {
  if (parameters.length > 0) return database.query(sql, [...parameters]);
  const results = await database.exec(sql);
  return results.at(-1) ?? { rows: [] };
}

async function answer(request: HostRequest): Promise<void> {
  try {
    const { rows, affectedRows = 0 } = await run(request);
    post({ type: "result", id: request.id, rows, affectedRows });
  } catch (error) {
    const failure: StatementError = error instanceof Error ? error : new Error(String(error));
    const { message, code, detail, constraint, table } = failure;
    post({ type: "problem", id: request.id, message, code, detail, constraint, table });
  }
}

port.on("message", (request: HostRequest | "close") => {
  if (request !== "close") return void answer(request);
  void database.close().then(() => port.close());
});
post({ type: "ready" });
