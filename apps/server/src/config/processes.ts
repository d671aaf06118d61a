import * as z from "zod";

export const roles = ["all", "http", "worker"] as const;
/** What this process does: answer requests, work on jobs, or both. */
export type Role = (typeof roles)[number];

/** What carries knocks between processes. */
export type QueueConfig =
  | { readonly type: "memory" | "off" | "database" }
  | { readonly type: "redis" | "postgres"; readonly url: string };

const QUEUE_WORDS = ["database", "memory", "off"] as const;

const isQueueWord = (text: string): text is (typeof QUEUE_WORDS)[number] => QUEUE_WORDS.some((word) => word === text);
const isAddress = (text: string) => /^(rediss?|postgres(ql)?):\/\/./.test(text) && URL.canParse(text);

export const redisUrl = z.url({ protocol: /^rediss?$/, error: "expected an address, e.g. redis://127.0.0.1:6379" });
export const queueUrl = z
  .string()
  .refine(
    (text) => isQueueWord(text) || isAddress(text),
    "expected redis://…, postgres://…, or one of the words database, memory and off",
  );

export interface ProcessEnvironment {
  readonly ROLE: Role;
  readonly DATABASE_URL?: string | undefined;
  readonly REDIS_URL?: string | undefined;
  readonly QUEUE_URL?: string | undefined;
}

/** A Redis queue holds knocks alone; without a database on a server there is only one process to knock at. */
export function toQueue({ QUEUE_URL, REDIS_URL, DATABASE_URL }: ProcessEnvironment): QueueConfig {
  if (QUEUE_URL !== undefined) {
    if (isQueueWord(QUEUE_URL)) return { type: QUEUE_URL };
    return { type: QUEUE_URL.startsWith("redis") ? "redis" : "postgres", url: QUEUE_URL };
  }
  if (DATABASE_URL === undefined) return { type: "memory" };
  return REDIS_URL === undefined ? { type: "database" } : { type: "redis", url: REDIS_URL };
}

/** Combinations that cannot work, as sentences. */
export function findProcessFaults({ ROLE, DATABASE_URL, QUEUE_URL }: ProcessEnvironment): string[] {
  if (DATABASE_URL !== undefined) return [];
  const faults: string[] = [];
  if (ROLE !== "all")
    faults.push(
      `ROLE: ${ROLE} needs DATABASE_URL: the embedded database belongs to one process, which then does everything.`,
    );
  if (QUEUE_URL !== undefined && isAddress(QUEUE_URL))
    faults.push(
      "QUEUE_URL: a queue on a server needs DATABASE_URL: the embedded database belongs to one process, and no other could work on what it is knocked for.",
    );
  return faults;
}
