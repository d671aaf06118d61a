import { Worker } from "node:worker_threads";

export interface HostRequest {
  readonly id: number;
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

interface HostResult {
  readonly rows: readonly unknown[];
  /** `INSERT`, `COMMIT` and so on. */
  readonly command: string;
  readonly affectedRows: number;
}

interface HostProblem {
  readonly message: string;
  readonly code: string | undefined;
  readonly detail: string | undefined;
  readonly constraint: string | undefined;
  readonly table: string | undefined;
}

/** What a NOTIFY said on a channel that the session listens to. */
export interface HostNotification {
  readonly channel: string;
  readonly payload: string;
}

export type HostMessage =
  | { readonly type: "ready" }
  | ({ readonly type: "notification" } & HostNotification)
  | ({ readonly type: "result"; readonly id: number } & HostResult)
  | ({ readonly type: "problem"; readonly id: number } & HostProblem);

/** The thread that holds the embedded database. */
export interface PgliteThread {
  run(sql: string, parameters: readonly unknown[]): Promise<HostResult>;
  /** Calls `listener` for every notification until the returned function is called. */
  onNotification(listener: (notification: HostNotification) => void): () => void;
  /** Writes everything down and ends the thread. */
  close(): Promise<void>;
}

interface Pending {
  readonly resolve: (result: HostResult) => void;
  readonly reject: (error: Error) => void;
}

/** First start runs initdb: 2 s on a quiet machine, many times that on a crowded one. */
const START_TIMEOUT_MS = 120_000;
const CLOSE_TIMEOUT_MS = 10_000;
/** A thread that says nothing for this long while a statement runs is stuck for good; statements here take milliseconds. */
const SILENCE_MAX_MS = 120_000;

/** A failed statement, with the fields that `pg` gives too. */
class StatementError extends Error {
  readonly code: string | undefined;
  readonly detail: string | undefined;
  readonly constraint: string | undefined;
  readonly table: string | undefined;

  constructor({ message, code, detail, constraint, table }: HostProblem) {
    super(message);
    this.name = "StatementError";
    this.code = code;
    this.detail = detail;
    this.constraint = constraint;
    this.table = table;
  }
}

/** Starts the thread on a directory and waits until it answers. `onDeath` is called when it ends without having been closed. */
export async function startPgliteThread(
  directory: string,
  onDeath: (cause: Error) => void,
  host: URL = new URL("./pglite-host.ts", import.meta.url),
): Promise<PgliteThread> {
  const worker = new Worker(host, {
    name: "pglite",
    workerData: { directory },
    // The host imports nothing of the workspace: it needs none of the flags this process was started with.
    execArgv: [],
    env: {},
  });
  const pending = new Map<number, Pending>();
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let lastId = 0;
  let heardAtMs = performance.now();
  let isClosing = false;
  let death: Error | undefined;

  const die = (cause: Error): void => {
    death ??= cause;
    started.reject(death);
    for (const { reject } of pending.values()) reject(death);
    pending.clear();
  };
  const watchdog = setInterval(() => {
    if (pending.size > 0 && performance.now() - heardAtMs > SILENCE_MAX_MS) {
      die(new Error(`The database thread was silent for ${SILENCE_MAX_MS} ms.`));
      void worker.terminate();
    }
  }, SILENCE_MAX_MS / 4);
  watchdog.unref();
  worker.on("message", (message: HostMessage) => {
    heardAtMs = performance.now();
    if (message.type === "ready") return started.resolve();
    if (message.type === "notification") return;
    const waiting = pending.get(message.id);
    pending.delete(message.id);
    if (message.type === "result") waiting?.resolve(message);
    else waiting?.reject(new StatementError(message));
  });
  worker.on("error", (error) => die(error instanceof Error ? error : new Error(String(error))));
  worker.on("exit", (code) => {
    clearInterval(watchdog);
    const isExpected = isClosing && !death;
    die(death ?? new Error(`The database thread ended with code ${code}.`));
    ended.resolve();
    if (!isExpected && death) onDeath(death);
  });

  await settleWithin(started.promise, START_TIMEOUT_MS).catch(async (error: unknown) => {
    isClosing = true;
    await worker.terminate();
    throw error;
  });

  return {
    async run(sql, parameters) {
      if (death) throw death;
      const { promise, resolve, reject } = Promise.withResolvers<HostResult>();
      lastId += 1;
      if (pending.size === 0) heardAtMs = performance.now();
      worker.postMessage({ id: lastId, sql, parameters } satisfies HostRequest);
      pending.set(lastId, { resolve, reject });
      return promise;
    },
    onNotification: (listener) => hearNotifications(worker, listener),
    async close() {
      isClosing = true;
      if (!death) worker.postMessage("close");
      await settleWithin(ended.promise, CLOSE_TIMEOUT_MS).catch(() => worker.terminate());
    },
  };
}

function hearNotifications(worker: Worker, listener: (notification: HostNotification) => void): () => void {
  const hear = (message: HostMessage) => {
    if (message.type === "notification") listener(message);
  };
  worker.on("message", hear);
  return () => void worker.off("message", hear);
}

async function settleWithin(promise: Promise<void>, timeoutMs: number): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`The database thread took over ${timeoutMs} ms.`)), timeoutMs);
  try {
    await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
