import type { Log } from "../log.ts";
import type { Backend, BackendStatus } from "./backend.ts";

/** Looks in a row that must agree before an opinion changes: one lost packet is no outage, one answer no recovery. */
const AGREEING_LOOKS = 2;
const LOOK_TIMEOUT_MS = 2_000;
const LOOK_EVERY_MS = { here: 5_000, doubted: 1_000 };

/** Whether backends answer, found out in the background: whoever wants to know asks nobody and waits for nothing. */
export interface BackendHealth {
  /** Undefined before the first look has ended. */
  isUp(backendId: string): boolean | undefined;
  /** What it said last; undefined before the first look has ended. `isReachable` is the settled opinion, not that of one look. */
  status(backendId: string): BackendStatus | undefined;
  /** Ends when every backend has been looked at once, at the latest after 2 s. Never rejects. */
  ready(): Promise<void>;
  /** Something went wrong there: looks at once. */
  suspect(backendId: string): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface BackendHealthDeps {
  readonly backends: readonly Pick<Backend, "id" | "readStatus">[];
  readonly log: Log;
  /** Called when a backend is back, or away. */
  readonly onChange?: (backendId: string, isUp: boolean) => void;
  readonly lookEveryMs?: { readonly here: number; readonly doubted: number };
}

/** Changes only when looks agree; the first look counts alone. */
function createOpinion(backendId: string, { log, onChange }: Pick<BackendHealthDeps, "log" | "onChange">) {
  let isUp: boolean | undefined;
  let against = 0;
  return {
    get isUp() {
      return isUp;
    },
    get isDoubted() {
      return isUp === false || against > 0;
    },
    hear(isReachable: boolean): void {
      against = isUp === isReachable ? 0 : against + 1;
      if (against === 0 || (isUp !== undefined && against < AGREEING_LOOKS)) return;
      const before = isUp;
      isUp = isReachable;
      against = 0;
      if (!isReachable) log.warn({ backendId }, "A renderer does not answer.");
      else if (before === false) log.info({ backendId }, "The renderer answers again.");
      onChange?.(backendId, isReachable);
    },
  };
}

/** Looks at one backend again and again once it is started. */
function createWatch(backend: Pick<Backend, "id" | "readStatus">, deps: BackendHealthDeps, closing: AbortSignal) {
  const { lookEveryMs = LOOK_EVERY_MS } = deps;
  const opinion = createOpinion(backend.id, deps);
  let status: BackendStatus | undefined;
  let isStarted = false;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    const seen = await backend.readStatus(AbortSignal.any([closing, AbortSignal.timeout(LOOK_TIMEOUT_MS)]));
    if (closing.aborted) return;
    opinion.hear(seen.isReachable);
    // What it said of its device stays true while it is away for a moment.
    const known = seen.isReachable || status === undefined ? seen : status;
    status = { ...known, isReachable: opinion.isUp ?? false };
  }

  function lookNow(): Promise<void> {
    clearTimeout(timer);
    looking ??= look().finally(() => {
      looking = undefined;
      if (!isStarted || closing.aborted) return;
      const everyMs = opinion.isDoubted ? lookEveryMs.doubted : lookEveryMs.here;
      // A third of the rhythm is chance: many processes must not all ask in the same moment.
      timer = setTimeout(lookNow, everyMs * (0.83 + Math.random() / 3));
      timer.unref();
    });
    return looking;
  }

  return {
    opinion,
    status: () => status,
    lookNow,
    lookOnce: () => (opinion.isUp === undefined ? lookNow() : undefined),
    start() {
      isStarted = true;
      void lookNow();
    },
    async stop() {
      clearTimeout(timer);
      await looking;
    },
  };
}

export function createBackendHealth(deps: BackendHealthDeps): BackendHealth {
  const closing = new AbortController();
  const watches = new Map(deps.backends.map((backend) => [backend.id, createWatch(backend, deps, closing.signal)]));
  const all = () => [...watches.values()];
  return {
    isUp: (id) => watches.get(id)?.opinion.isUp,
    status: (id) => watches.get(id)?.status(),
    async ready() {
      await Promise.all(all().map((watch) => watch.lookOnce()));
    },
    suspect: (id) => void watches.get(id)?.lookNow(),
    // What it finds is not awaited: the service is there for jobs that wait, whether or not a backend is.
    async start() {
      for (const watch of all()) watch.start();
    },
    async stop() {
      closing.abort(new Error("The service is shutting down."));
      await Promise.all(all().map((watch) => watch.stop()));
    },
  };
}
