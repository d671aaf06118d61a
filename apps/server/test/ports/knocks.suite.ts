import { expect, it, onTestFinished } from "vitest";
import { createId } from "../../src/ids.ts";
import type { Knocks, Work } from "../../src/jobs/knocks.ts";

/** The knocks as two processes have them; in memory both sides are the same. */
export interface KnocksPair {
  readonly here: Knocks;
  readonly there: Knocks;
}

const TIMEOUT = { timeout: 20_000, interval: 20 };

export const jobWork = (jobId = createId(), attempt = 1, epoch = 1): Work => ({ type: "job", jobId, attempt, epoch });

/** What is heard from now on. */
export function listen(knocks: Knocks): Work[] {
  const heard: Work[] = [];
  onTestFinished(knocks.listen((work) => heard.push(work)));
  return heard;
}

/** Knocks until it is heard: both sides take a moment to reach their store. */
export async function untilKnocked({ here, there }: KnocksPair): Promise<void> {
  const jobId = createId();
  let isHeard = false;
  const stop = there.listen((work) => {
    isHeard ||= work.type === "job" && work.jobId === jobId;
  });
  let epoch = 0;
  await expect
    .poll(() => {
      epoch += 1;
      here.knock(jobWork(jobId, 1, epoch));
      return isHeard;
    }, TIMEOUT)
    .toBe(true);
  stop();
}

/** Every implementation holds to this. */
export function knocksSuite(getPair: () => KnocksPair): void {
  it("lets another process hear what there may be to do", async () => {
    const pair = getPair();
    await untilKnocked(pair);
    const heard = listen(pair.there);
    const work = jobWork();
    pair.here.knock(work);
    pair.here.knock({ type: "delivery" });
    await expect.poll(() => heard, TIMEOUT).toContainEqual(work);
    await expect.poll(() => heard, TIMEOUT).toContainEqual({ type: "delivery" });
  });

  it("hears of the same work again once it was heard", async () => {
    const pair = getPair();
    await untilKnocked(pair);
    const heard = listen(pair.there);
    const work = jobWork();
    const count = () => heard.filter((each) => JSON.stringify(each) === JSON.stringify(work)).length;
    pair.here.knock(work);
    await expect.poll(count, TIMEOUT).toBe(1);
    await expect
      .poll(() => {
        pair.here.knock(work);
        return count();
      }, TIMEOUT)
      .toBeGreaterThan(1);
  });

  it("goes on after a handler that throws", async () => {
    const pair = getPair();
    await untilKnocked(pair);
    const stop = pair.there.listen(() => {
      throw new Error("a handler stumbled");
    });
    pair.here.knock(jobWork());
    await untilKnocked(pair);
    stop();
  });

  it("takes two thousand knocks in one go without throwing or waiting", async () => {
    const pair = getPair();
    await untilKnocked(pair);
    listen(pair.there);
    for (let n = 0; n < 2_000; n++) pair.here.knock(n % 2 === 0 ? jobWork() : { type: "delivery" });
    await untilKnocked(pair);
  });
}
