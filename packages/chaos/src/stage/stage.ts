import { deriveKey, toWebhookSecret } from "@comfy/signing";
import { type Network, startNetwork } from "../network/network.ts";
import { findFreePort } from "../processes/ports.ts";
import { type Actor, type CastOptions, castGround, castServers, placesIn, toAddress, toDatabaseUrl } from "./cast.ts";
import { type Line, linesOf, waysOf } from "./topology.ts";

export type StageOptions = Omit<CastOptions, "portOf" | "secret" | "webhookSecret">;

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
/** How long files of a render take to fetch, one after the other: a job that collects for less than a second is not seen doing it. */
const COLLECT_MS = [100, 1_800, 400];

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
  const { servers, emulators } = topology;
  const ways = waysOf(topology);
  const own = [...servers.map(({ name }) => name), ...emulators, "postgres", "redis", "receiver"];
  const portOf = await drawPorts([...own, ...ways.map(({ name }) => name)]);
  const webhookSecret = toWebhookSecret(await deriveKey(SECRET, "webhooks/v1"));
  const cast = { ...options, portOf, webhookSecret, secret: SECRET };
  const ground = castGround(cast);
  const tested = castServers(cast);
  const network = startNetwork(env);
  const { renderLogOf, receiverLog } = placesIn(folder);
  const stopAll = (actors: readonly Actor[]) =>
    Promise.all(actors.map(async ({ target }) => ({ name: target.name, code: await target.stop() })));

  async function openWays(): Promise<void> {
    for (const { name, to } of ways) {
      const slow = emulators.includes(to) ? { slow: { start: "GET /view", delaysMs: COLLECT_MS } } : {};
      await network.open(name, { listenPort: portOf(name), targetPort: portOf(to), ...slow });
    }
  }

  return {
    actors: [...ground, ...tested],
    lines: linesOf(topology),
    network,
    doorPorts: servers.filter(({ kind }) => kind !== "worker").map(({ name }) => portOf(name)),
    secret: SECRET,
    callbackUrl: `${toAddress(portOf("receiver"))}/callback`,
    databaseUrl: toDatabaseUrl(portOf("postgres")),
    emulators: emulators.map((name) => ({ name, url: toAddress(portOf(name)), renderLog: renderLogOf(name) })),
    receiverLog,
    async start(signal) {
      await openWays();
      await Promise.all(ground.map(({ target }) => target.start(signal)));
      await Promise.all(tested.map(({ target }) => target.start(signal)));
    },
    stopServers: () => stopAll(tested),
    async close() {
      await stopAll(tested);
      await stopAll(ground);
      await network.close();
    },
  };
}
