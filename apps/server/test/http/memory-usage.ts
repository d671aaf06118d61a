import type { UsageRow, UsageStore } from "../../src/jobs/usage-store.ts";

const sums = { requests: 3, generations: 2, workedMs: 1_500, wastedMs: 250, bytesIn: 10, bytesOut: 20 };

/** Of two owners: `env:free`, and whoever else asks, who has a key whose name is a formula. */
const rows: readonly (UsageRow & { readonly owner: string; readonly day: string })[] = [
  { day: "2026-01-01", owner: "caller", key: "=key", workflow: "portrait", ...sums },
  { day: "2026-01-02", owner: "caller", key: "=key", workflow: null, ...sums },
  { day: "2026-01-02", owner: "env:free", key: "other", workflow: "tts", ...sums },
];

/** Those rows one by one, however they are grouped: adding up is the database's. */
export function createMemoryUsage(): UsageStore {
  return {
    async read({ ownerId, from, to, groupBy, rowsMax }) {
      const isMeant = (owner: string) => !ownerId || (owner === "env:free") === (ownerId === "env:free");
      const found = rows.filter(({ day, owner }) => day >= from && day <= to && isMeant(owner));
      return found.slice(0, rowsMax).map(({ day, owner, key, workflow, ...rest }) => ({
        ...rest,
        ...(groupBy.includes("day") && { day }),
        ...(groupBy.includes("owner") && { owner }),
        ...(groupBy.includes("key") && key !== undefined && { key }),
        ...(groupBy.includes("workflow") && workflow !== undefined && { workflow }),
      }));
    },
  };
}
