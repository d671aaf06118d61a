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
}

export function createTopology({ httpCount, workerCount, emulatorCount }: TopologyOptions): Topology {
  const isSplit = httpCount > 0 && workerCount > 0;
  const ofKind = (kind: "http" | "worker", count: number) => numbered(kind, count).map((name) => ({ name, kind }));
  return {
    servers: isSplit
      ? [...ofKind("http", httpCount), ...ofKind("worker", workerCount)]
      : [{ name: "server-1", kind: "server" }],
    emulators: numbered("emulator", emulatorCount),
    hasRedis: isSplit,
  };
}

/** A network between two processes, by the name it has in the records. */
export interface Line {
  readonly name: string;
  /** Whose view of the world it takes away. */
  readonly process: ProcessKind;
  readonly to: string;
}

/** Every line that can be cut. The emulators are seen through the same line by all: a backend's name is its address. */
export function linesOf({ servers, emulators, hasRedis }: Topology): Line[] {
  const stores = hasRedis ? ["postgres", "redis"] : ["postgres"];
  return [
    ...servers.flatMap(({ name, kind }) => stores.map((to) => ({ name: `${name}-${to}`, process: kind, to }))),
    ...emulators.map((to) => ({ name: `servers-${to}`, process: "emulator" as const, to })),
  ];
}
