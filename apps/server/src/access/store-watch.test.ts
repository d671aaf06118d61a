import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { createManualClock } from "../../test/manual-clock.ts";
import { createRecordingLog } from "../../test/recording-log.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import { createMemoryRateLimiter } from "./rate-limiter-memory.ts";
import { withClosedDoor, withLocalGuard } from "./rate-limiter-watched.ts";
import { createStoreWatch } from "./store-watch.ts";

const minute = { name: "minute", limit: 2, windowMs: 60_000 };

/** A store that can be away, or silent. */
function setUp() {
  const log = createRecordingLog();
  const clock = createManualClock();
  const counted = createMemoryRateLimiter({ clock });
  let mood: "well" | "away" | "silent" = "well";
  let asked = 0;
  const react = async () => {
    asked += 1;
    if (mood === "silent") await new Promise(() => undefined);
    if (mood === "away") throw new Error("ECONNREFUSED");
  };
  const store: RateLimiter = {
    async spend(subject, windows) {
      await react();
      return counted.spend(subject, windows);
    },
  };
  const watch = createStoreWatch({ store: "Redis", check: react, log, deadlineMs: 50, pauseMs: 10 });
  onTestFinished(() => watch.stop());
  return {
    log,
    watch,
    owners: withLocalGuard(store, createMemoryRateLimiter({ clock }), watch),
    strangers: withClosedDoor(store, watch),
    setMood(next: typeof mood) {
      mood = next;
    },
    asked: () => asked,
  };
}

const levels = ({ log }: ReturnType<typeof setUp>) => log.lines.map(({ level }) => level);

describe.each(["away", "silent"] as const)("while the store of the limits is %s", (mood) => {
  it("known callers go on within the same windows, counted here alone", async () => {
    const rooms = setUp();
    rooms.setMood(mood);
    const answers = [];
    for (let n = 0; n < 3; n++) answers.push(await rooms.owners.spend("requests:env:one", [minute]));
    expect(answers.map(({ isAllowed }) => isAllowed)).toEqual([true, true, false]);
  });

  it("strangers are refused with a sentence and told when to come back", async () => {
    const rooms = setUp();
    rooms.setMood(mood);
    await expect(rooms.strangers.spend("auth:203.0.113.7", [minute])).rejects.toMatchObject({
      status: 503,
      code: "unavailable",
      message: "Who is calling cannot be checked right now. Try again in 5 s.",
      retryAfterSeconds: 5,
    });
  });

  it("one line tells of it, however many call, and one when it is back; nobody has to call for that", async () => {
    const rooms = setUp();
    rooms.setMood(mood);
    await Promise.all(Array.from({ length: 100 }, (_, n) => rooms.owners.spend(`requests:${n}`, [minute])));
    expect(levels(rooms)).toEqual(["warn"]);
    rooms.setMood("well");
    await expect.poll(() => levels(rooms)).toEqual(["warn", "info"]);
    await rooms.strangers.spend("auth:203.0.113.7", [minute]);
  });
});

it("nobody waits for a store that is known to be down", async () => {
  const rooms = setUp();
  rooms.setMood("silent");
  await rooms.owners.spend("first", [minute]);
  const before = rooms.asked();
  await Promise.all(Array.from({ length: 1_000 }, () => rooms.owners.spend("later", [minute])));
  // The watch itself looks now and then.
  expect(rooms.asked() - before).toBeLessThan(10);
});

it("an outage at the start is told then, and does not keep the service from starting", async () => {
  const rooms = setUp();
  rooms.setMood("away");
  await rooms.watch.start();
  expect(rooms.log.lines).toMatchObject([{ level: "warn", fields: { store: "Redis", reason: "ECONNREFUSED" } }]);
});

it("an answer that arrived while this process was busy is no outage", async () => {
  const rooms = setUp();
  const { promise, resolve } = Promise.withResolvers<string>();
  const { port1, port2 } = new MessageChannel();
  port1.on("message", () => resolve("answered"));
  onTestFinished(() => port1.close());
  const answer = rooms.watch.ask(() => promise);
  port2.postMessage("answer");
  const busyUntil = performance.now() + 120;
  while (performance.now() < busyUntil);
  expect(await answer).toBe("answered");
  await sleep(0);
  expect(levels(rooms)).toEqual([]);
});
