import { expect, it, onTestFinished } from "vitest";
import { createId } from "../../src/ids.ts";
import type { EventBus, JobNotice } from "../../src/jobs/event-bus.ts";

/** The bus as two processes have it; a bus of one process is the same on both sides. */
export interface BusPair {
  readonly here: EventBus;
  readonly there: EventBus;
}

/** Publishes until the other side has heard: a subscription takes a moment to reach the wire. */
export async function untilHeard({ here, there }: BusPair): Promise<void> {
  const jobId = createId();
  let isHeard = false;
  const stop = there.subscribe(jobId, () => {
    isHeard = true;
  });
  await expect
    .poll(
      () => {
        here.publish(jobId, { type: "running" });
        return isHeard;
      },
      { timeout: 15_000, interval: 50 },
    )
    .toBe(true);
  stop();
}

/** What one side hears of a job from now on. */
async function listen(pair: BusPair, jobId: string, side: EventBus = pair.there): Promise<JobNotice[]> {
  const heard: JobNotice[] = [];
  onTestFinished(side.subscribe(jobId, (notice) => heard.push(notice)));
  // Commands of a connection are answered in order: once a later subscription works, so does this one.
  await untilHeard(pair);
  return heard;
}

const progress = (value: number): JobNotice => ({
  type: "progress",
  value,
  node: "5",
  step: 1,
  steps: 4,
  etaSeconds: 2,
});

/** Every bus holds to this. */
export function eventBusSuite(getPair: () => BusPair, { isPreviewCarried = true } = {}): void {
  it("carries what happens to a job to who listens on another process, in order", async () => {
    const pair = getPair();
    const jobId = createId();
    const heard = await listen(pair, jobId);
    const before: JobNotice[] = [{ type: "queued", position: 3 }, { type: "running" }, progress(0.5)];
    for (const notice of before) pair.here.publish(jobId, notice);
    await expect.poll(() => heard).toEqual(before);
    const after: JobNotice[] = [progress(0.75), { type: "cancel_requested" }, { type: "finished" }];
    for (const notice of after) pair.here.publish(jobId, notice);
    await expect.poll(() => heard).toEqual([...before, ...after]);
  });

  it("is heard at once, and once, on the process that tells", async () => {
    const pair = getPair();
    const jobId = createId();
    const heard = await listen(pair, jobId, pair.here);
    pair.here.publish(jobId, { type: "running" });
    expect(heard).toEqual([{ type: "running" }]);
    await untilHeard({ here: pair.here, there: pair.there });
    expect(heard).toHaveLength(1);
  });

  it("keeps jobs apart", async () => {
    const pair = getPair();
    const jobId = createId();
    const heard = await listen(pair, jobId);
    pair.here.publish(createId(), { type: "finished" });
    pair.here.publish(jobId, { type: "running" });
    await expect.poll(() => heard).toEqual([{ type: "running" }]);
  });

  it("tells every listener of a job until that one has gone", async () => {
    const pair = getPair();
    const jobId = createId();
    const stays = await listen(pair, jobId);
    const leaves: JobNotice[] = [];
    const stop = pair.there.subscribe(jobId, (notice) => leaves.push(notice));
    pair.here.publish(jobId, progress(0.1));
    await expect.poll(() => leaves.length).toBe(1);
    stop();
    stop();
    pair.here.publish(jobId, progress(0.2));
    await expect.poll(() => stays.length).toBe(2);
    expect(leaves).toHaveLength(1);
  });

  it("hears a job again after nobody had listened to it for a while", async () => {
    const pair = getPair();
    const jobId = createId();
    pair.there.subscribe(jobId, () => {})();
    const heard = await listen(pair, jobId);
    pair.here.publish(jobId, { type: "finished" });
    await expect.poll(() => heard).toEqual([{ type: "finished" }]);
  });

  it("carries a preview or drops it, and goes on after it", async () => {
    const pair = getPair();
    const jobId = createId();
    const heard = await listen(pair, jobId);
    pair.here.publish(jobId, { type: "preview", mediaType: "image/jpeg", data: "A".repeat(60_000) });
    if (isPreviewCarried) await expect.poll(() => heard.length).toBe(1);
    pair.here.publish(jobId, { type: "finished" });
    const types = isPreviewCarried ? ["preview", "finished"] : ["finished"];
    await expect.poll(() => heard.map(({ type }) => type)).toEqual(types);
  });

  it("takes ten thousand notices in one go without throwing or waiting", async () => {
    const pair = getPair();
    const jobId = createId();
    await listen(pair, jobId);
    for (let n = 0; n < 10_000; n++) pair.here.publish(jobId, progress(n / 10_000));
    await untilHeard(pair);
  });
}
