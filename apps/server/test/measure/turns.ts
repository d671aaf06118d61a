/** What is measured beside what, and in what unit of work. */
export interface Comparison {
  readonly name: string;
  /** One piece of work by itself. */
  readonly bare: (index: number) => unknown;
  readonly ours: (index: number) => unknown;
  readonly count: number;
  /** So many at a time under one clock reading, where one alone takes about as long as reading it. */
  readonly batch: number;
}

/** Microseconds for one piece of work. */
export interface Times {
  readonly p50: number;
  readonly p99: number;
}

export interface Measured {
  readonly name: string;
  readonly bare: Times;
  readonly ours: Times;
}

const TURNS = 20;

/** Both sides in turns, so that what else the machine does strikes both; one after the other, never two at once. */
export async function compare({ name, bare, ours, count, batch }: Comparison): Promise<Measured> {
  const samples = { bare: [] as number[], ours: [] as number[] };
  const perTurn = Math.max(1, Math.ceil(count / batch / TURNS));
  let index = 0;
  const run = async (work: Comparison["bare"], into: number[]) => {
    for (let n = 0; n < perTurn; n++) {
      const startedAt = performance.now();
      for (let m = 0; m < batch; m++) await work(index++);
      into.push(((performance.now() - startedAt) * 1000) / batch);
    }
  };
  // What is run for the first time is compiled, connected and cached: that is not what is asked.
  await run(bare, []);
  await run(ours, []);
  for (let turn = 0; turn < TURNS; turn++) {
    await run(bare, samples.bare);
    await run(ours, samples.ours);
  }
  return { name, bare: toTimes(samples.bare), ours: toTimes(samples.ours) };
}

function toTimes(samples: readonly number[]): Times {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}
