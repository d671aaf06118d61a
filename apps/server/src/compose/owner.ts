import { createOwner } from "../worker/owner.ts";
import type { Ground } from "./ground.ts";
import type { Records } from "./storage.ts";

/** Who owns backends. It is there before the pool, which asks it, and it asks the worker, which comes last. */
export function composeOwner(
  ground: Ground,
  { database, backendLeases: leases }: Records,
  configured: readonly string[],
) {
  const { config, clock, log, holder } = ground;
  const { leaseMs } = config;
  const busy = { isOn: (_backendId: string): boolean => false };
  const isAlone = database.durability === "process";
  const isBusy = (id: string) => busy.isOn(id);
  return { owner: createOwner({ leases, configured, holder, leaseMs, clock, log, isAlone, isBusy }), busy };
}
