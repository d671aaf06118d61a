import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { deriveKey, toWebhookSecret } from "@comfy/signing";
import type { ProcessKind } from "./evidence/records.ts";
import { type Network, startNetwork } from "./network/network.ts";
import { findFreePort } from "./processes/ports.ts";
import { preparePostgres } from "./processes/postgres.ts";
import { emulatorProgram, receiverProgram, redisProgram, serverProgram } from "./processes/programs.ts";
import { createTarget, type Target, type TargetOptions } from "./processes/target.ts";
import { type Line, linesOf, type Topology } from "./topology.ts";

export interface StageOptions {
  readonly topology: Topology;
  /** Everything the run leaves behind lies in here. */
  readonly folder: string;
  readonly leaseSeconds: number;
  readonly failoverSeconds: number;
  readonly env: Readonly<Record<string, string>>;
}

export interface Actor {
  readonly process: ProcessKind;
  readonly target: Target;
}

/** All processes of a run and the network between them. */
export interface Stage {
  readonly actors: readonly Actor[];
  readonly lines: readonly Line[];
  readonly network: Network;
  /** Ports that callers may use, one per process with a front door. */
  readonly doorPorts: readonly number[];
  readonly secret: string;
  readonly callbackUrl: string;
  /** Past the network: for the witness, not for those that are tested. */
  readonly databaseUrl: string;
  readonly emulators: readonly { readonly name: string; readonly url: string; readonly renderLog: string }[];
  readonly receiverLog: string;
  start(signal: AbortSignal): Promise<void>;
  /** Ends the processes that are tested and leaves those that are asked what happened. */
  stopServers(): Promise<readonly { readonly name: string; readonly code: number | null }[]>;
  close(): Promise<void>;
}

const SECRET = "the-secret-of-the-chaos";
/** How long a file of a render takes to fetch: without this nobody is ever struck while collecting. */
const COLLECT_MS = 400;
const RENDER_MS = [500, 1_000, 1_600, 800] as const;

const address = (port: number) => `http://127.0.0.1:${port}`;
const postgresUrl = (port: number, database = "postgres") => `postgres://postgres@127.0.0.1:${port}/${database}`;

/** Ports are chosen once: a process that comes back comes back where it was. */
async function drawPorts(names: readonly string[]): Promise<(name: string) => number> {
  const ports = new Map<string, number>();
  for (const name of names) ports.set(name, await findFreePort());
  return (name) => {
    const port = ports.get(name);
    if (port === undefined) throw new Error(`No port was drawn for ${name}.`);
    return port;
  };
}

export async function createStage(options: StageOptions): Promise<Stage> {
  const { topology, folder, env } = options;
  const { servers, emulators, hasRedis } = topology;
  const lines = linesOf(topology);
  const own = [...servers.map(({ name }) => name), ...emulators, "postgres", "redis", "receiver"];
  const portOf = await drawPorts([...own, ...lines.map(({ name }) => name)]);
  const place = (name: string) => join(folder, name);
  mkdirSync(place("logs"), { recursive: true });
  const network = startNetwork(env);
  const toActor = (kind: ProcessKind, name: string, program: Omit<TargetOptions, "name" | "logFile">): Actor => ({
    process: kind,
    target: createTarget({ ...program, name, logFile: place(`logs/${name}.log`) }),
  });
  const doors = servers.filter(({ kind }) => kind !== "worker").map(({ name }) => portOf(name));
  const webhookSecret = toWebhookSecret(await deriveKey(SECRET, "webhooks/v1"));
  const receiverLog = place("receiver.jsonl");
  const renderLogOf = (name: string) => place(`${name}.jsonl`);

  const receiver = { port: portOf("receiver"), log: receiverLog, secret: webhookSecret };
  const ground = [
    toActor("postgres", "postgres", preparePostgres({ folder: place("postgres"), port: portOf("postgres"), env })),
    ...(hasRedis ? [toActor("redis", "redis", redisProgram(portOf("redis"), place("redis"), env))] : []),
    toActor("receiver", "receiver", receiverProgram(receiver, env)),
    ...emulators.map((name, index) => {
      const renderMs = RENDER_MS[index % RENDER_MS.length] ?? RENDER_MS[0];
      const emulator = { port: portOf(name), folder: place(`files/${name}`), renderLog: renderLogOf(name), renderMs };
      return toActor("emulator", name, emulatorProgram(emulator, env));
    }),
  ];
  const tested = servers.map(({ name, kind }) =>
    toActor(
      kind,
      name,
      serverProgram(
        {
          ...options,
          kind,
          port: portOf(name),
          publicPort: doors[0] ?? portOf(name),
          dataFolder: place("data"),
          databaseUrl: postgresUrl(portOf(`${name}-postgres`)),
          redisUrl: hasRedis ? `redis://127.0.0.1:${portOf(`${name}-redis`)}` : undefined,
          backendUrls: emulators.map((emulator) => address(portOf(`servers-${emulator}`))),
          secret: SECRET,
        },
        env,
      ),
    ),
  );

  return {
    actors: [...ground, ...tested],
    lines,
    network,
    doorPorts: doors,
    secret: SECRET,
    callbackUrl: `${address(portOf("receiver"))}/callback`,
    databaseUrl: postgresUrl(portOf("postgres")),
    emulators: emulators.map((name) => ({ name, url: address(portOf(name)), renderLog: renderLogOf(name) })),
    receiverLog,
    async start(signal) {
      for (const { name, to } of lines) {
        const slow = to.startsWith("emulator") ? { slow: { start: "GET /view", delayMs: COLLECT_MS } } : {};
        await network.open(name, { listenPort: portOf(name), targetPort: portOf(to), ...slow });
      }
      await Promise.all(ground.map(({ target }) => target.start(signal)));
      await Promise.all(tested.map(({ target }) => target.start(signal)));
    },
    stopServers: () =>
      Promise.all(tested.map(async ({ target }) => ({ name: target.name, code: await target.stop() }))),
    async close() {
      await Promise.all(tested.map(({ target }) => target.stop()));
      await Promise.all(ground.map(({ target }) => target.stop()));
      await network.close();
    },
  };
}
