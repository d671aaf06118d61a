import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProcessKind } from "../evidence/records.ts";
import type { Program } from "../processes/life.ts";
import { preparePostgres } from "../processes/postgres.ts";
import { emulatorProgram, receiverProgram, redisProgram, serverProgram } from "../processes/programs.ts";
import { createTarget, type Target } from "../processes/target.ts";
import type { Topology } from "./topology.ts";

export interface Actor {
  readonly process: ProcessKind;
  readonly target: Target;
}

export interface CastOptions {
  readonly topology: Topology;
  /** Everything the run leaves behind lies in here. */
  readonly folder: string;
  readonly leaseSeconds: number;
  readonly failoverSeconds: number;
  readonly env: Readonly<Record<string, string>>;
  readonly secret: string;
  readonly webhookSecret: string;
  /** By the name of a process, or of a way between two: then what listens there leads to the second. */
  readonly portOf: (name: string) => number;
}

/** Where things lie in the folder of a run. */
export const placesIn = (folder: string) => ({
  renderLogOf: (emulator: string) => join(folder, `${emulator}.jsonl`),
  receiverLog: join(folder, "receiver.jsonl"),
});

export const toAddress = (port: number) => `http://127.0.0.1:${port}`;
export const toDatabaseUrl = (port: number) => `postgres://postgres@127.0.0.1:${port}/postgres`;

// Different ones, so that a fast backend overtakes a slow one.
const RENDER_MS = [500, 1_000, 1_600, 800] as const;

function toActor(options: CastOptions, process: ProcessKind, name: string, program: Program): Actor {
  const logs = join(options.folder, "logs");
  mkdirSync(logs, { recursive: true });
  return { process, target: createTarget({ program, name, logFile: join(logs, `${name}.log`) }) };
}

/** What the service stands on and speaks to. */
export function castGround(options: CastOptions): Actor[] {
  const { topology, folder, env, portOf, webhookSecret: secret } = options;
  const { renderLogOf, receiverLog } = placesIn(folder);
  const place = (name: string) => join(folder, name);
  const actor = (process: ProcessKind, name: string, program: Program) => toActor(options, process, name, program);
  const emulators = topology.emulators.map((name, index) => {
    const renderMs = RENDER_MS[index % RENDER_MS.length] ?? RENDER_MS[0];
    const emulator = { port: portOf(name), folder: place(`files/${name}`), renderLog: renderLogOf(name), renderMs };
    return actor("emulator", name, emulatorProgram(emulator, env));
  });
  return [
    actor("postgres", "postgres", preparePostgres({ folder: place("postgres"), port: portOf("postgres"), env })),
    actor("receiver", "receiver", receiverProgram({ port: portOf("receiver"), log: receiverLog, secret }, env)),
    ...(topology.hasRedis ? [actor("redis", "redis", redisProgram(portOf("redis"), place("redis"), env))] : []),
    ...emulators,
  ];
}

/** The processes of the service, each with ways of its own to everything else. */
export function castServers(options: CastOptions): Actor[] {
  const { topology, folder, env, portOf } = options;
  const { servers, emulators, hasRedis } = topology;
  const [door] = servers.filter(({ kind }) => kind !== "worker");
  return servers.map(({ name, kind }) => {
    const backends = emulators.map((label) => ({ label, url: toAddress(portOf(`${name}-${label}`)) }));
    const backendsFile = join(folder, `backends-of-${name}.json`);
    writeFileSync(backendsFile, JSON.stringify({ backends }));
    const program = serverProgram(
      {
        ...options,
        kind,
        port: portOf(name),
        publicPort: portOf(door?.name ?? name),
        dataFolder: join(folder, "data"),
        databaseUrl: toDatabaseUrl(portOf(`${name}-postgres`)),
        redisUrl: hasRedis ? `redis://127.0.0.1:${portOf(`${name}-redis`)}` : undefined,
        backendsFile,
      },
      env,
    );
    return toActor(options, kind, name, program);
  });
}
