import type { Health, Ping } from "@comfy/contracts";
import type { Clock } from "./clock.ts";
import type { Backend, BackendStatus } from "./generation/backend.ts";

/** A look at a backend is kept this long, so that a health check costs no GPU server anything. */
const FRESH_MS = 5_000;
/** A backend that answers no sooner counts as away. */
const LOOK_TIMEOUT_MS = 2_000;

export interface HealthDeps {
  readonly backends: readonly Backend[];
  readonly clock: Clock;
  readonly version: string;
  readonly durability: Health["durability"];
  /** Rejects when the database cannot be used. */
  readonly checkDatabase: () => Promise<void>;
  readonly isDraining: () => boolean;
}

export interface HealthVerbs {
  readHealth(): Promise<Health>;
  ping(): Promise<Ping>;
}

/** Two questions: can the service work, and can a GPU be reached. The second never turns the first to "unhealthy". */
export function createHealthVerbs(deps: HealthDeps): HealthVerbs {
  const { clock, version, durability, isDraining } = deps;
  let seen: { atMs: number; status: Promise<BackendStatus> } | undefined;

  function look(): Promise<BackendStatus> {
    const nowMs = clock.monotonicMs();
    if (seen === undefined || nowMs - seen.atMs > FRESH_MS) seen = { atMs: nowMs, status: lookAtAll(deps.backends) };
    return seen.status;
  }

  return {
    async readHealth() {
      const [gpu, canWork] = await Promise.all([look(), canUse(deps.checkDatabase)]);
      const works = gpu.isReachable ? ("healthy" as const) : ("degraded" as const);
      return {
        status: canWork && !isDraining() ? works : "unhealthy",
        gpu: toGpu(gpu),
        latency_ms: gpu.latencyMs,
        version,
        durability,
      };
    },
    async ping() {
      const { isReachable, latencyMs } = await look();
      return { reachable: isReachable, latency_ms: latencyMs };
    },
  };
}

/** The first backend that answers stands for all; when none does, the first one's absence does. */
async function lookAtAll(backends: readonly Backend[]): Promise<BackendStatus> {
  const signal = AbortSignal.timeout(LOOK_TIMEOUT_MS);
  const looks = backends.map(async (backend) => {
    const status = await backend.readStatus(signal);
    if (!status.isReachable) throw new Error("away");
    return status;
  });
  return Promise.any(looks).catch(() => ({ isReachable: false, latencyMs: LOOK_TIMEOUT_MS }));
}

async function canUse(checkDatabase: () => Promise<void>): Promise<boolean> {
  return checkDatabase().then(
    () => true,
    () => false,
  );
}

function toGpu(status: BackendStatus): Health["gpu"] {
  const { isReachable, name, isSimulated, version, vramTotalBytes, vramFreeBytes } = status;
  return {
    reachable: isReachable,
    ...(name !== undefined && { name }),
    ...(isSimulated !== undefined && { simulated: isSimulated }),
    ...(version !== undefined && { version }),
    ...(vramTotalBytes !== undefined && { vramTotalBytes }),
    ...(vramFreeBytes !== undefined && { vramFreeBytes }),
  };
}
