import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bareEnvironment } from "../environment.ts";
import { startRedis } from "../parts/redis.ts";
import { type Figure, type Report, round } from "../report.ts";
import type { Section, SectionOptions } from "./section.ts";

/** The code of the service, called without a socket in front of it, in a process of its own. */
const PROGRAM = fileURLToPath(new URL("../../../../apps/server/test/measure/limits.ts", import.meta.url));
const TIMEOUT_MS = 300_000;

interface Times {
  readonly p50: number;
  readonly p99: number;
}

/** Microseconds, as the program prints them. */
interface Measured {
  readonly name: string;
  readonly bare: Times;
  readonly ours: Times;
}

/** What each p50 is to reach, in microseconds, by how its name begins. Upstash is as far away as it is. */
const bounds: readonly (readonly [RegExp, number])[] = [
  [/^embedded/, 50],
  [/^Redis/, 1_000],
  [/^signature/, 100],
];

/** What every request pays before anything is done for it: counting it, and checking its signature. */
export const limits: Section = { name: "limits", run: runLimits };

async function runLimits({ scale, say }: SectionOptions): Promise<Report> {
  say("limits");
  await using redis = (await startRedis()) ?? null;
  const args = ["--conditions=@comfy/source", PROGRAM, "--scale", String(scale)];
  if (redis) args.push("--redis", redis.url);
  const options = { env: bareEnvironment(), timeout: TIMEOUT_MS };
  const { stdout } = await promisify(execFile)(process.execPath, args, options);
  const measured = JSON.parse(stdout) as readonly Measured[];
  return {
    section: "limits",
    configuration: {
      turns: "bare and ours alternating, one call after the other",
      windows: "a minute and an hour, all or nothing, 100 owners",
      ...(redis && { Redis: `${redis.version} with an append-only file, on this machine` }),
    },
    tables: [
      {
        title: "Beside the bare thing underneath",
        head: ["", "bare p50 µs", "ours p50 µs", "bare p99 µs", "ours p99 µs"],
        rows: measured.map(({ name, bare, ours }) => [
          name,
          ...[bare.p50, ours.p50, bare.p99, ours.p99].map((value) => round(value, 2)),
        ]),
      },
    ],
    figures: measured.flatMap(toFigures),
    skipped: redis ? [] : ["Redis and Upstash: Redis is not installed on this machine."],
  };
}

function toFigures({ name, ours }: Measured): Figure[] {
  const [, atMost] = bounds.find(([pattern]) => pattern.test(name)) ?? [];
  return atMost === undefined ? [] : [{ name: `${name}: p50`, value: ours.p50, unit: "µs", atMost }];
}
