import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { openRoute, type Route, type RouteOptions } from "../src/network/route.ts";
import { findFreePort } from "../src/processes/ports.ts";

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** An echo behind a route. */
async function setUp(options: Partial<RouteOptions> = {}): Promise<{
  route: Route;
  dial: () => Socket;
  call: () => Promise<Socket>;
}> {
  const server = createServer((socket) => socket.on("error", () => undefined).pipe(socket));
  const targetPort = await findFreePort();
  server.listen(targetPort, "127.0.0.1");
  await once(server, "listening");
  const listenPort = await findFreePort();
  const route = await openRoute({ listenPort, targetPort, ...options });
  open.push(() => server.close(), route.close);
  function dial(): Socket {
    const socket = connect(listenPort, "127.0.0.1").on("error", () => undefined);
    open.push(() => socket.destroy());
    return socket;
  }
  return {
    route,
    dial,
    async call() {
      const socket = dial();
      await once(socket, "connect");
      return socket;
    },
  };
}

/** Not `once`: that one rejects with the error that a reset is. */
const toClose = (socket: Socket) => new Promise<void>((resolve) => socket.once("close", () => resolve()));

const read = async (socket: Socket) => String((await once(socket, "data"))[0]);

test("what passes is heard", async () => {
  const { call } = await setUp();
  const socket = await call();
  socket.write("hello");
  expect(await read(socket)).toBe("hello");
});

test("a black hole takes connections and bytes and answers nothing; what it took arrives when it is healed", async () => {
  const { route, call } = await setUp();
  const before = await call();
  before.write("hello");
  await read(before);
  route.setMode("blackhole");
  const during = await call();
  const heard: string[] = [];
  for (const socket of [before, during]) socket.on("data", (chunk) => heard.push(String(chunk)));
  before.write("from before");
  during.write("from within");
  // Another route of the same process answers meanwhile: it is the hole that is silent.
  const other = await (await setUp()).call();
  other.write("hello");
  await read(other);
  expect(heard).toEqual([]);
  route.setMode("pass");
  await expect.poll(() => heard.toSorted()).toEqual(["from before", "from within"]);
});

test("a cut resets what is open and what comes, until it is healed", async () => {
  const { route, call, dial } = await setUp();
  const before = await call();
  const closed = toClose(before);
  route.setMode("cut");
  await closed;
  await toClose(dial());
  route.setMode("pass");
  const after = await call();
  after.write("hello");
  expect(await read(after)).toBe("hello");
});

test("requests that are to be slow are overtaken", async () => {
  const { call } = await setUp({ slow: { start: "GET /view", delaysMs: [200] } });
  const [slow, quick] = [await call(), await call()];
  const order: string[] = [];
  const both = [slow, quick].map(async (socket) => order.push(await read(socket)));
  slow.write("GET /view?filename=a");
  quick.write("GET /queue");
  await Promise.all(both);
  expect(order).toEqual(["GET /queue", "GET /view?filename=a"]);
});
