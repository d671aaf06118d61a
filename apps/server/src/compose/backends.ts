import { createComfyUiBackend } from "../adapters/comfyui/create-backend.ts";
import { createOutputMemory } from "../adapters/comfyui/output-memory.ts";
import { createBackendSwitches } from "../adapters/database/backend-switches.ts";
import { announceBackends } from "../generation/announce-backends.ts";
import { createBackendHealth } from "../generation/backend-health.ts";
import { createBackendPool } from "../generation/backend-pool.ts";
import { createSwitchBoard } from "../generation/switch-board.ts";
import { createCheckEligibility } from "../library/check-eligibility.ts";
import { createInventoryCache } from "../library/inventory-cache.ts";
import type { Ground } from "./ground.ts";
import { composeOwner } from "./owner.ts";
import type { Records } from "./storage.ts";

/** What a backend said about its nodes and models is believed this long without asking again. */
const INVENTORY_FRESH_MS = 60_000;

/** What renders, what is known about it, and who owns it. */
export function composeBackends(ground: Ground, stored: Records) {
  const { config, log, clock, lifecycle } = ground;
  const memory = createOutputMemory();
  const backends = config.backends.map(({ unreachableAfterMs = config.failoverMs, ...backend }) =>
    // Whoever sent a prompt may go on for as long as its lease; then its request may still be under way.
    createComfyUiBackend({ ...backend, unreachableAfterMs, graceMs: 2 * config.leaseMs, memory, log, clock }),
  );
  lifecycle.add({
    name: "backends",
    // Not awaited: the service is there for jobs that wait, whether or not a backend is.
    start: async () => void announceBackends(backends, log),
    stop: async () => void (await Promise.all(backends.map((backend) => backend.close()))),
  });
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  const inventories = createInventoryCache({ backends, clock, freshMs: INVENTORY_FRESH_MS, log, onChange: tell });
  const health = createBackendHealth({
    backends,
    log,
    onChange(backendId, isUp) {
      if (isUp) inventories.refresh(backendId);
      tell();
    },
  });
  const switches = createBackendSwitches(stored.database.db);
  const switchBoard = createSwitchBoard({ switches, log, onChange: tell });
  lifecycle.add({ name: "inventories", start: inventories.start, stop: inventories.close });
  lifecycle.add({ name: "switches", start: switchBoard.start, stop: switchBoard.stop });
  lifecycle.add({ name: "health", start: health.start, stop: health.stop });
  const configured = backends.map(({ id }) => id);
  const { owner, busy } = composeOwner(ground, stored, configured);
  const pool = createBackendPool({ backends, inventories, ownership: owner, health, switches: switchBoard, clock });
  const checkEligibility = createCheckEligibility({ backends, inventories, freshMs: INVENTORY_FRESH_MS });
  return {
    ...{ backends, configured, pool, checkEligibility, owner, busy, health },
    /** What operators switch; `switchBoard` knows of it in this process at once. */
    switches: { readDrained: switches.readDrained, setDrained: switchBoard.setDrained },
    /** Calls back when a backend is back, away, drained, put back, or offers something else. */
    onChange: (listener: () => void) => void listeners.add(listener),
  };
}

export type Backends = ReturnType<typeof composeBackends>;
