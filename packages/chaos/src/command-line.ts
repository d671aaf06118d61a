import { parseArgs } from "node:util";
import { type Injection, injections, isInjection } from "./inject.ts";

export const USAGE = `Usage: npm run chaos -- [options]

  --seed N          the dice; printed at the start (default: drawn)
  --jobs N          how many jobs are asked for (default 1000, or as many as fit into --minutes)
  --kills N         how many strikes (default 60, or one every five seconds of --minutes)
  --minutes N       asks and strikes for so long at the most, heals, waits and audits
  --http N --workers N    processes of each role (default 2 and 3; 0: one process that does everything)
  --without-redis   the database carries what Redis would
  --emulators N     backends (default 3)
  --callers N       customers that wait for a job each (default 12)
  --lease SECONDS   LEASE_SECONDS of the service (default 6)
  --failover SECONDS      FAILOVER_SECONDS of the service (default 12)
  --quiet-within SECONDS  how long the service may take to end everything once it is healed (default 180)
  --inject ${injections.join("|")}   tampers at the end: the audit must turn red
  --json FILE       writes the report
  --keep            keeps the evidence of a green run as well
  --help
`;

const OPTIONS = {
  seed: { type: "string" },
  jobs: { type: "string" },
  kills: { type: "string" },
  minutes: { type: "string" },
  http: { type: "string" },
  workers: { type: "string" },
  emulators: { type: "string" },
  callers: { type: "string" },
  lease: { type: "string" },
  failover: { type: "string" },
  "quiet-within": { type: "string" },
  inject: { type: "string" },
  json: { type: "string" },
  keep: { type: "boolean" },
  "without-redis": { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export interface ChaosOptions {
  readonly seed: number;
  readonly jobCount: number;
  readonly killCount: number;
  readonly durationMs: number | undefined;
  readonly httpCount: number;
  readonly workerCount: number;
  readonly emulatorCount: number;
  readonly isWithoutRedis: boolean;
  readonly callerCount: number;
  readonly leaseSeconds: number;
  readonly failoverSeconds: number;
  readonly quietWithinMs: number;
  readonly injection: Injection | undefined;
  readonly jsonFile: string | undefined;
  readonly isKept: boolean;
}

const SECONDS_PER_STRIKE = 5;
/** More than any machine gets through in the time; the time ends it. */
const JOBS_PER_MINUTE = 10_000;

/**
 * Reads the command line; "help" when it asks for that.
 * @throws Error with one sentence when an argument is unknown or has no such value.
 */
export function parseCommandLine(args: readonly string[]): ChaosOptions | "help" {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help === true) return "help";
  const number = (
    name: Exclude<keyof typeof OPTIONS, "inject" | "json" | "keep" | "without-redis" | "help">,
    fallback: number,
  ) => {
    const text = values[name];
    if (text === undefined) return fallback;
    const value = Number(text);
    if (text.trim() === "" || !(value >= 0))
      throw new Error(`--${name}: expected a number of at least 0, got "${text}"`);
    return value;
  };
  const minutes = values.minutes === undefined ? undefined : number("minutes", 3);
  const { inject } = values;
  if (inject !== undefined && !isInjection(inject))
    throw new Error(`--inject: expected one of ${injections.join(", ")}, got "${inject}"`);
  return {
    seed: number("seed", Math.floor(Math.random() * 1_000_000)),
    jobCount: number("jobs", minutes === undefined ? 1_000 : minutes * JOBS_PER_MINUTE),
    killCount: number("kills", minutes === undefined ? 60 : Math.ceil((minutes * 60) / SECONDS_PER_STRIKE)),
    durationMs: minutes === undefined ? undefined : minutes * 60_000,
    httpCount: number("http", 2),
    workerCount: number("workers", 3),
    emulatorCount: number("emulators", 3),
    isWithoutRedis: values["without-redis"] === true,
    callerCount: number("callers", 12),
    leaseSeconds: number("lease", 6),
    failoverSeconds: number("failover", 12),
    quietWithinMs: number("quiet-within", 180) * 1_000,
    injection: inject,
    jsonFile: values.json,
    isKept: values.keep === true,
  };
}
