import type { Health, Ping } from "@comfy/contracts";
import type { Backend, BackendStatus } from "./generation/backend.ts";
import type { BackendHealth } from "./generation/backend-health.ts";

export interface HealthDeps {
  readonly backends: readonly Pick<Backend, "id">[];
  /** What is known of them anyway: a health check asks no GPU server anything. */
  readonly backendHealth: Pick<BackendHealth, "ready" | "status">;
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
  const { backends, backendHealth, version, durability, isDraining } = deps;

  /** The first backend that answers stands for all; when none does, the first one's absence does. */
  async function look(): Promise<BackendStatus> {
    await backendHealth.ready();
    const known = backends.flatMap(({ id }) => backendHealth.status(id) ?? []);
    return known.find(({ isReachable }) => isReachable) ?? known[0] ?? { isReachable: false, latencyMs: 0 };
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
