import { expect, onTestFinished, test } from "vitest";
import { silentLog } from "../log.ts";
import { createCourier } from "./courier.ts";

/** A courier whose deliveries become due one by one; each is sent for as long as its promise is open. */
async function startCourier() {
  const due: Promise<void>[] = [];
  const sent: Promise<void>[] = [];
  const deliver = async (count: number) => {
    const taken = due.splice(0, count);
    sent.push(...taken);
    return taken;
  };
  const courier = createCourier({ deliver, outbox: { releaseAll: async () => {} }, log: silentLog, isAlone: false });
  await courier.start?.(AbortSignal.timeout(5_000));
  onTestFinished(async () => courier.stop?.());
  return { courier, due, sent };
}

test("a receiver that is slow to answer holds up nobody else's delivery", async () => {
  const { courier, due, sent } = await startCourier();
  const slow = Promise.withResolvers<void>();
  due.push(slow.promise);
  courier.knock();
  await expect.poll(() => sent.length).toBe(1);
  due.push(Promise.resolve());
  courier.knock();
  await expect.poll(() => sent.length).toBe(2);
  slow.resolve();
});

test("no more than forty are under way at once; the next leaves when one has ended", async () => {
  const { courier, due, sent } = await startCourier();
  const open = Array.from({ length: 41 }, () => Promise.withResolvers<void>());
  due.push(...open.map(({ promise }) => promise));
  courier.knock();
  await expect.poll(() => sent.length).toBe(40);
  open[0]?.reject(new Error("the database is away"));
  await expect.poll(() => sent.length, { timeout: 1_500 }).toBe(41);
  for (const { resolve } of open) resolve();
});
