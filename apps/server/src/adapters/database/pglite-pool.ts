import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from "kysely";
import { AppError } from "../../errors.ts";
import type { PgliteThread } from "./pglite-thread.ts";

export interface PglitePoolOptions {
  /** How long a caller may wait for its turn. */
  readonly turnTimeoutMs: number;
  /** How long one caller may hold the session; its transaction is rolled back then. */
  readonly holdTimeoutMs: number;
}

interface Turn {
  readonly take: (client: PostgresPoolClient) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * PGlite is one session. This gives it the face of a `pg` pool with one client, lent to one caller at a time from `connect` to
 * `release`: two interleaved transactions would otherwise be one.
 */
export function createPglitePool(
  thread: Pick<PgliteThread, "run" | "close">,
  options: PglitePoolOptions = { turnTimeoutMs: 20_000, holdTimeoutMs: 30_000 },
): PostgresPool {
  const turns: Turn[] = [];
  let isLent = false;
  let onIdle: (() => void) | undefined;

  const lend = (): PostgresPoolClient => {
    isLent = true;
    return createLoan(thread, options.holdTimeoutMs, passOn);
  };
  function passOn(): void {
    const next = turns.shift();
    if (next) {
      clearTimeout(next.timer);
      next.take(lend());
      return;
    }
    isLent = false;
    onIdle?.();
  }
  function connect(): Promise<PostgresPoolClient> {
    if (!isLent) return Promise.resolve(lend());
    const { promise, resolve, reject } = Promise.withResolvers<PostgresPoolClient>();
    const timer = setTimeout(() => {
      turns.splice(turns.indexOf(turn), 1);
      reject(new AppError("unavailable", "The database is busy; try again in a moment.", { retryAfterSeconds: 5 }));
    }, options.turnTimeoutMs);
    const turn: Turn = { take: resolve, timer };
    turns.push(turn);
    return promise;
  }
  async function end(): Promise<void> {
    const idle = Promise.withResolvers<void>();
    onIdle = idle.resolve;
    if (!isLent) idle.resolve();
    await idle.promise;
    await thread.close();
  }
  return { connect, end, options: {} };
}

/** The session, in the hands of one caller. */
function createLoan(thread: Pick<PgliteThread, "run">, holdTimeoutMs: number, passOn: () => void): PostgresPoolClient {
  let isOver = false;
  let isInTransaction = false;
  let last: Promise<unknown> = Promise.resolve();

  const handBack = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    await last.catch(() => undefined);
    if (isInTransaction) await thread.run("rollback", []).catch(() => undefined);
    passOn();
  };
  const timer = setTimeout(() => void handBack(), holdTimeoutMs);

  async function query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    if (isOver) throw new AppError("unavailable", "A database transaction took too long and was rolled back.");
    if (/^\s*(begin|start\s+transaction)\b/i.test(sql)) isInTransaction = true;
    const running = thread.run(sql, parameters);
    last = running;
    const { rows, command, affectedRows } = await running;
    if (/^(commit|rollback)\b(?!\s+to)/i.test(sql)) isInTransaction = false;
    return { command, rowCount: affectedRows, rows } as PostgresQueryResult<R>;
  }
  return {
    query: query as PostgresPoolClient["query"],
    processID: 1,
    release: () => void handBack(),
  };
}
