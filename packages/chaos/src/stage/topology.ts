import type { ProcessKind } from "../evidence/records.ts";

/** Which processes a run has. */
export interface Topology {
  readonly servers: readonly { readonly name: string; readonly kind: "server" | "http" | "worker" }[];
  readonly emulators: readonly string[];
  readonly hasRedis: boolean;
}

const numbered = (word: string, count: number) => Array.from({ length: count }, (_, index) => `${word}-${index + 1}`);

export interface TopologyOptions {
  /** 0: one process that does everything. */
  readonly httpCount: number;
  readonly workerCount: number;
  readonly emulatorCount: number;
  readonly isWithoutRedis?: boolean;
}

export function createTopology({ httpCount, workerCount, emulatorCount, isWithoutRedis }: TopologyOptions): Topology {
  const isSplit = httpCount > 0 && workerCount > 0;
  const ofKind = (kind: "http" | "worker", count: number) => numbered(kind, count).map((name) => ({ name, kind }));
  return {
    servers: isSplit
      ? [...ofKind("http", httpCount), ...ofKind("worker", workerCount)]
      : [{ name: "server-1", kind: "server" }],
    emulators: numbered("emulator", emulatorCount),
    hasRedis: isSplit && !isWithoutRedis,
  };
}

/** The way from one process of the service to another process. */
export interface Way {
  /** `worker-1-postgres`: from, then to. */
  readonly name: string;
  readonly from: string;
  readonly kind: ProcessKind;
  readonly to: string;
}

/** Every way there is: each process has its own, so that one can be alone with its view of the world. */
export function waysOf({ servers, emulators, hasRedis }: Topology): Way[] {
  const ends = ["postgres", ...(hasRedis ? ["redis"] : []), ...emulators];
  return servers.flatMap(({ name, kind }) => ends.map((to) => ({ name: `${name}-${to}`, from: name, kind, to })));
}

/** Ways that are cut together: one process from one other, or a backend from everybody. */
export interface Line {
  readonly name: string;
  /** Who is struck by that. */
  readonly process: ProcessKind;
  readonly ways: readonly string[];
}

export function linesOf(topology: Topology): Line[] {
  const ways = waysOf(topology);
  return [
    ...ways.map(({ name, kind }) => ({ name, process: kind, ways: [name] })),
    ...topology.emulators.map((emulator) => ({
      name: `all-${emulator}`,
      process: "emulator" as const,
      ways: ways.filter(({ to }) => to === emulator).map(({ name }) => name),
    })),
  ];
}
