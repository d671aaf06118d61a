import type { ProcessKind, StrikeKind } from "../evidence/records.ts";
import type { Random } from "../random.ts";
import type { Line } from "../stage/topology.ts";

/** What will be done to whom, for how long. */
export interface Strike {
  readonly kind: StrikeKind;
  readonly process: ProcessKind;
  readonly target: string;
  /** Milliseconds until it is healed: the process comes back, goes on, or is reached again. */
  readonly lastsMs: number;
}

export interface StrikeTargets {
  readonly actors: readonly { readonly process: ProcessKind; readonly name: string }[];
  readonly lines: readonly Line[];
  readonly leaseMs: number;
  readonly failoverMs: number;
}

interface Choice {
  readonly process: ProcessKind;
  readonly kind: StrikeKind;
  readonly weight: number;
  /** From and to, in milliseconds. */
  readonly lasts: readonly [number, number];
}

/** Short enough that a delivery's second try, 5 s after the first, finds the receiver again. */
const RECEIVER_MS = [300, 3_500] as const;

function choicesOf({ leaseMs, failoverMs }: StrikeTargets): Choice[] {
  const short = [200, 2_500] as const;
  // Long enough that another process takes the work over while the first still believes that it is its own.
  const pastLease = [leaseMs + 500, leaseMs * 2] as const;
  const pastFailover = [failoverMs + 1_000, failoverMs * 1.5] as const;
  const tested = (["server", "worker"] as const).flatMap((process): Choice[] => [
    { process, kind: "kill", weight: 14, lasts: short },
    { process, kind: "freeze", weight: 4, lasts: [500, leaseMs * 0.8] },
    { process, kind: "freeze", weight: 6, lasts: pastLease },
    { process, kind: "restart", weight: 4, lasts: [0, 500] },
    { process, kind: "blackhole", weight: 3, lasts: [1_000, leaseMs * 0.8] },
    { process, kind: "blackhole", weight: 4, lasts: pastLease },
    { process, kind: "cut", weight: 4, lasts: [200, leaseMs] },
  ]);
  return [
    ...tested,
    { process: "http", kind: "kill", weight: 7, lasts: short },
    { process: "http", kind: "freeze", weight: 3, lasts: [500, leaseMs] },
    { process: "http", kind: "restart", weight: 3, lasts: [0, 500] },
    { process: "http", kind: "cut", weight: 3, lasts: [200, 4_000] },
    { process: "http", kind: "blackhole", weight: 2, lasts: [500, leaseMs] },
    { process: "emulator", kind: "kill", weight: 8, lasts: [200, 4_000] },
    { process: "emulator", kind: "freeze", weight: 4, lasts: [500, 6_000] },
    { process: "emulator", kind: "restart", weight: 2, lasts: [0, 500] },
    { process: "emulator", kind: "blackhole", weight: 4, lasts: [1_000, failoverMs * 0.8] },
    { process: "emulator", kind: "blackhole", weight: 3, lasts: pastFailover },
    { process: "emulator", kind: "cut", weight: 4, lasts: [200, 5_000] },
    { process: "redis", kind: "kill", weight: 4, lasts: [200, 4_000] },
    { process: "redis", kind: "freeze", weight: 2, lasts: [500, 6_000] },
    { process: "postgres", kind: "kill", weight: 4, lasts: [200, 3_000] },
    { process: "postgres", kind: "freeze", weight: 3, lasts: [500, 6_000] },
    { process: "postgres", kind: "restart", weight: 2, lasts: [0, 500] },
    { process: "receiver", kind: "kill", weight: 2, lasts: RECEIVER_MS },
    { process: "receiver", kind: "freeze", weight: 2, lasts: RECEIVER_MS },
  ];
}

const isOfNetwork = (kind: StrikeKind) => kind === "blackhole" || kind === "cut";

/** Draws a strike among those whose target is there and, by `isFree`, under no other. Undefined when all are taken. */
export function drawStrike(
  targets: StrikeTargets,
  random: Random,
  isFree: (target: string) => boolean,
  among?: readonly ProcessKind[],
): Strike | undefined {
  const namesOf = ({ process, kind }: Choice) => {
    const all = isOfNetwork(kind) ? targets.lines : targets.actors;
    return all.filter((one) => one.process === process && isFree(one.name)).map(({ name }) => name);
  };
  const open = choicesOf(targets)
    .filter(({ process }) => among === undefined || among.includes(process))
    .map((choice) => ({ ...choice, names: namesOf(choice) }))
    .filter(({ names }) => names.length > 0);
  if (open.length === 0) return undefined;
  const { process, kind, lasts, names } = random.weighted(open);
  const [fromMs, toMs] = lasts;
  return { process, kind, target: random.pick(names), lastsMs: Math.round(fromMs + random.next() * (toMs - fromMs)) };
}
