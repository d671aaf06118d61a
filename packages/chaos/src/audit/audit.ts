import type { Evidence } from "../evidence/records.ts";
import { checkAccounts } from "./check-accounts.ts";
import { checkFailures } from "./check-failures.ts";
import { checkPromises } from "./check-promises.ts";
import { checkRenders, type Repeat } from "./check-renders.ts";
import { checkWebhooks } from "./check-webhooks.ts";
import type { Fault } from "./fault.ts";

/** What the evidence proves. */
export interface Audit {
  readonly faults: readonly Fault[];
  readonly repeats: readonly Repeat[];
  readonly accepted: number;
  readonly jobs: number;
  readonly jobsByState: Readonly<Record<string, number>>;
  readonly submissions: number;
  readonly webhooks: { readonly received: number; readonly distinct: number };
}

/** Reads nothing and asks nobody: the same evidence gives the same verdict. */
export function audit({ client, renders, webhooks, strikes, database }: Evidence): Audit {
  const checked = checkRenders(renders, database, strikes);
  const faults = [
    ...checkPromises(client, database),
    ...checkFailures(client, database),
    ...checked.faults,
    ...checkWebhooks(database.jobs, webhooks),
    ...checkAccounts(database),
  ];
  const accepted = new Set(client.flatMap((record) => (record.event === "accepted" ? [record.jobId] : [])));
  return {
    faults,
    repeats: checked.repeats,
    accepted: accepted.size,
    jobs: database.jobs.length,
    jobsByState: countBy(database.jobs.map(({ state }) => state)),
    submissions: checked.submissions,
    webhooks: { received: webhooks.length, distinct: new Set(webhooks.map(({ webhookId }) => webhookId)).size },
  };
}

export function countBy(words: readonly string[]): Record<string, number> {
  const groups = Map.groupBy(words, (word) => word);
  return Object.fromEntries([...groups].map(([word, all]) => [word, all.length]));
}
