import type { ClientRecord, DatabaseDump } from "../evidence/records.ts";
import { type Fault, isTerminal, toStatus } from "./fault.ts";

type Of<Event extends ClientRecord["event"]> = Extract<ClientRecord, { event: Event }>;

const ofEvent = <Event extends ClientRecord["event"]>(client: readonly ClientRecord[], event: Event) =>
  client.filter((record): record is Of<Event> => record.event === event);

/** What callers were promised: an accepted job is there, ends once, and says the same to everybody. */
export function checkPromises(client: readonly ClientRecord[], { jobs }: Pick<DatabaseDump, "jobs">): Fault[] {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const accepted = ofEvent(client, "accepted");
  const lost = new Set(accepted.map(({ jobId }) => jobId).filter((id) => !byId.has(id)));
  const unknown = ofEvent(client, "unknown").filter(({ jobId }) => byId.has(jobId));
  return [
    ...[...lost].map((id) => fault("loss", `Job ${id} was accepted, but the database does not know it.`)),
    ...unknown.map(({ jobId }) =>
      fault("loss", `Job ${jobId} was accepted, but a poller was told three times that there is no such job.`),
    ),
    ...jobs
      .filter(({ state }) => !isTerminal(state))
      .map(({ id, state, lease_holder }) =>
        fault("stuck", `Job ${id} is stuck: it is ${state} (${lease_holder ? "leased" : "held by nobody"}).`),
      ),
    ...checkKeys(accepted),
    ...checkEndings(ofEvent(client, "ended"), byId),
  ];
}

function checkKeys(accepted: readonly Of<"accepted">[]): Fault[] {
  return [...Map.groupBy(accepted, ({ key }) => key)]
    .map(([key, records]) => ({ key, ids: [...new Set(records.map(({ jobId }) => jobId))] }))
    .filter(({ ids }) => ids.length > 1)
    .map(({ key, ids }) => fault("idempotency", `The key ${key} made ${ids.length} jobs: ${ids.join(", ")}.`));
}

function checkEndings(ended: readonly Of<"ended">[], byId: ReadonlyMap<string, { readonly state: string }>): Fault[] {
  return ended.flatMap(({ jobId, status }) => {
    const state = byId.get(jobId)?.state;
    if (state === undefined || toStatus(state) === status) return [];
    return [fault("endings", `Job ${jobId} was told to be ${status}, but the database says ${state}.`)];
  });
}

const fault = (rule: Fault["rule"], sentence: string): Fault => ({ rule, sentence });
