import { expect, test } from "vitest";
import { drawErrand } from "../src/load/errand.ts";
import { createRandom } from "../src/random.ts";
import { createTopology, linesOf } from "../src/stage/topology.ts";
import { drawStrike } from "../src/strikes/draw-strike.ts";

const topology = createTopology({ httpCount: 2, workerCount: 3, emulatorCount: 2 });
const targets = {
  actors: [
    ...topology.servers.map(({ name, kind }) => ({ process: kind, name })),
    ...topology.emulators.map((name) => ({ process: "emulator" as const, name })),
    { process: "postgres" as const, name: "postgres" },
    { process: "redis" as const, name: "redis" },
    { process: "receiver" as const, name: "receiver" },
  ],
  lines: linesOf(topology),
  leaseMs: 6_000,
  failoverMs: 12_000,
};

/** What a seed draws. */
function draw(seed: number, count: number, isFree: (name: string) => boolean = () => true) {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => drawStrike(targets, random, isFree));
}

test("a seed strikes the same targets in the same order again", () => {
  expect(draw(123, 50)).toEqual(draw(123, 50));
  expect(draw(123, 50)).not.toEqual(draw(124, 50));
});

test("a seed asks for the same errands again", () => {
  const ask = (seed: number) => {
    const random = createRandom(seed);
    return Array.from({ length: 50 }, (_, n) => drawErrand(n, seed, random));
  };
  expect(ask(7)).toEqual(ask(7));
  expect(new Set(ask(7).map(({ key }) => key)).size).toBe(50);
});

test("every kind of process is killed and frozen, and every line between two is cut and silenced", () => {
  const drawn = draw(1, 3_000).map((strike) => `${strike?.kind} ${strike?.target}`);
  for (const { name } of targets.actors)
    expect(drawn).toEqual(expect.arrayContaining([`kill ${name}`, `freeze ${name}`]));
  for (const { name } of targets.lines)
    expect(drawn).toEqual(expect.arrayContaining([`cut ${name}`, `blackhole ${name}`]));
});

test("workers are frozen for longer than their lease, and backends are away for longer than the failover", () => {
  const drawn = draw(1, 1_000);
  const longest = (kind: string, process: string) =>
    Math.max(...drawn.map((one) => (one?.kind === kind && one.process === process ? one.lastsMs : 0)));
  expect(longest("freeze", "worker")).toBeGreaterThan(targets.leaseMs);
  expect(longest("blackhole", "worker")).toBeGreaterThan(targets.leaseMs);
  expect(longest("blackhole", "emulator")).toBeGreaterThan(targets.failoverMs);
});

test("what is under a strike is not struck a second time", () => {
  const drawn = draw(1, 300, (name) => name === "worker-2");
  expect(new Set(drawn.map((strike) => strike?.target))).toEqual(new Set(["worker-2"]));
  expect(draw(1, 1, () => false)).toEqual([undefined]);
});
