import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNotifyEventBus, type NotifyEventBus } from "../../src/adapters/database/event-bus-notify.ts";
import { createRedis, type RedisServer } from "../../src/adapters/redis/connect.ts";
import { createRedisEventBus } from "../../src/adapters/redis/event-bus.ts";
import { createMemoryEventBus } from "../../src/jobs/event-bus-memory.ts";
import { createWiredEventBus } from "../../src/jobs/event-bus-wired.ts";
import { silentLog } from "../../src/log.ts";
import { createRecordingLog } from "../recording-log.ts";
import { type BusPair, eventBusSuite, untilHeard } from "./event-bus.suite.ts";
import { findPostgres, type PostgresServer, startPostgres } from "./start-postgres.ts";
import { findRedis, type RedisProcess, startRedis } from "./start-redis.ts";

describe("the bus in memory", () => {
  const bus = createMemoryEventBus();
  eventBusSuite(() => ({ here: bus, there: bus }));
});

const redisBin = findRedis();
describe.skipIf(redisBin === undefined)("the bus over Redis", () => {
  let server: RedisProcess;
  let rooms: RedisServer[];
  let pair: BusPair;
  const log = createRecordingLog();

  beforeAll(async () => {
    server = await startRedis(redisBin ?? "");
    rooms = [log, silentLog].map((each) => createRedis({ url: server.url, log: each }));
    const [here, there] = rooms.map((redis) => createRedisEventBus({ redis, deploymentId: "d1" }));
    if (!here || !there) throw new Error("Two buses are needed.");
    pair = { here, there };
  }, 60_000);
  afterAll(async () => {
    await Promise.all(rooms.map((room) => room.close()));
    await server.stop();
  });

  eventBusSuite(() => pair);

  it("keeps deployments that share a Redis apart", async () => {
    const room = createRedis({ url: server.url, log: silentLog });
    const other = createRedisEventBus({ redis: room, deploymentId: "d2" });
    await untilHeard({ here: other, there: other });
    const heard: unknown[] = [];
    other.subscribe("job", (notice) => heard.push(notice));
    await untilHeard({ here: other, there: other });
    pair.here.publish("job", { type: "finished" });
    await untilHeard(pair);
    expect(heard).toEqual([]);
    await room.close();
  });

  it("is silent while Redis is away, says so once, and hears the same jobs again when it is back", async () => {
    const heard: unknown[] = [];
    pair.there.subscribe("kept", (notice) => heard.push(notice));
    await untilHeard(pair);
    log.lines.length = 0;
    await server.kill();
    await expect.poll(() => log.lines.length, { timeout: 10_000 }).toBe(1);
    for (let n = 0; n < 5_000; n++) pair.here.publish("kept", { type: "running" });
    expect(heard).toEqual([]);
    await server.revive();
    await untilHeard(pair);
    pair.here.publish("kept", { type: "finished" });
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual([{ type: "finished" }]);
    await expect.poll(() => log.lines.map(({ level }) => level)).toEqual(["warn", "info"]);
  }, 60_000);

  it("opens without a Redis and closes without one", async () => {
    const room = createRedis({ url: "redis://127.0.0.1:1", log: silentLog });
    const bus = createRedisEventBus({ redis: room, deploymentId: "d1" });
    const heard: unknown[] = [];
    bus.subscribe("job", (notice) => heard.push(notice));
    bus.publish("job", { type: "finished" });
    expect(heard).toEqual([{ type: "finished" }]);
    await room.close();
  });
});

const postgresBin = findPostgres();
describe.skipIf(postgresBin === undefined)("the bus over LISTEN and NOTIFY", () => {
  let server: PostgresServer;
  let url: string;
  let buses: NotifyEventBus[];
  let pair: BusPair;
  const log = createRecordingLog();

  beforeAll(async () => {
    server = await startPostgres(postgresBin ?? "");
    url = await server.createDatabase();
    buses = [log, silentLog].map((each) => createNotifyEventBus({ url, log: each }));
    const [here, there] = buses;
    if (!here || !there) throw new Error("Two buses are needed.");
    pair = { here, there };
  }, 120_000);
  afterAll(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await server.stop();
  });

  eventBusSuite(() => pair, { isPreviewCarried: false });

  it("connects again after a failover, and says so once", async () => {
    await untilHeard(pair);
    log.lines.length = 0;
    await server.dropConnections(url);
    await untilHeard(pair);
    await expect.poll(() => log.lines.map(({ level }) => level)).toEqual(["warn", "info"]);
  }, 60_000);
});

describe("what comes over a wire", () => {
  it.each([
    ["no JSON", "{"],
    ["another shape", "[]"],
    ["an unknown word", JSON.stringify({ from: "x", notice: { type: "rebooted" } })],
    ["a progress of nothing", JSON.stringify({ from: "x", notice: { type: "progress", value: "NaN" } })],
    ["an ending, which the database alone tells", JSON.stringify({ from: "x", notice: { type: "cancelled" } })],
    ["a text without end", JSON.stringify({ from: "x", notice: { type: "preview", data: "A".repeat(200_000) } })],
  ])("is nothing when it is %s", (_what, text) => {
    let arrive = (_jobId: string, _text: string) => {};
    const bus = createWiredEventBus((receive) => {
      arrive = receive;
      return { send() {}, listen() {}, unlisten() {} };
    });
    const heard: unknown[] = [];
    bus.subscribe("job", (notice) => heard.push(notice));
    arrive("job", text);
    arrive("job", JSON.stringify({ from: "x", notice: { type: "finished" } }));
    expect(heard).toEqual([{ type: "finished" }]);
  });

  it("is asked for once per job, however many listen, and no longer than somebody does", () => {
    const asked: string[] = [];
    const bus = createWiredEventBus(() => ({
      send() {},
      listen: (jobId) => asked.push(`+${jobId}`),
      unlisten: (jobId) => asked.push(`-${jobId}`),
    }));
    const stops = Array.from({ length: 1_000 }, () => bus.subscribe("job", () => {}));
    for (const stop of stops) stop();
    for (const stop of stops) stop();
    expect(asked).toEqual(["+job", "-job"]);
  });
});
