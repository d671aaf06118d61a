import type { JobRow, WebhookRecord } from "../evidence/records.ts";
import { type Fault, isTerminal } from "./fault.ts";

/** What a callback calls a state: a cancelled job is told as a failed one. */
const toWord = (state: string) => (state === "complete" ? "complete" : "failed");

/** One logical webhook per ended job that asked for one: the same id may come often, two ids may not. */
export function checkWebhooks(jobs: readonly JobRow[], webhooks: readonly WebhookRecord[]): Fault[] {
  const byJob = Map.groupBy(webhooks, ({ jobId }) => jobId);
  const known = new Set(jobs.map(({ id }) => id));
  const strangers = [...byJob.keys()].filter((id) => !known.has(id));
  return [
    ...webhooks
      .filter(({ problem }) => problem !== undefined)
      .map(({ jobId, problem }) => fault(`A webhook of job ${jobId} was not signed as it must be: ${problem}`)),
    ...strangers.map((id) => fault(`A webhook speaks of job ${id}, which the database does not know.`)),
    ...jobs.flatMap((job) => checkJob(job, byJob.get(job.id) ?? [])),
  ];
}

function checkJob({ id, state, callback_url }: JobRow, received: readonly WebhookRecord[]): Fault[] {
  const ids = new Set(received.map(({ webhookId }) => webhookId));
  if (!isTerminal(state) || callback_url === null) {
    const why = callback_url === null ? "asked for none" : `is ${state}`;
    return ids.size === 0 ? [] : [fault(`Job ${id} ${why}, but a webhook was sent.`)];
  }
  if (ids.size === 0) return [fault(`Job ${id} is ${state}, but its webhook never came.`)];
  if (ids.size > 1)
    return [fault(`Job ${id} was announced by ${ids.size} different webhooks: ${[...ids].join(", ")}.`)];
  const words = new Set(received.map(({ status }) => status));
  if (words.size > 1 || !words.has(toWord(state)))
    return [fault(`Job ${id} is ${state}, but its webhook said ${[...words].join(" and ")}.`)];
  return [];
}

const fault = (sentence: string): Fault => ({ rule: "webhooks", sentence });
