import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { post, toSignedInit } from "../../../test/http/call.ts";
import { type Door, OTHER_KEY, PRO_KEY, startDoor } from "../../../test/http/start-door.ts";
import { createSocketDoor } from "./socket-door.ts";

interface Message {
  readonly id: string;
  readonly type: string;
  readonly [field: string]: unknown;
}

async function submit(door: Door): Promise<{ id: string; path: string }> {
  const { body } = await post(door, "/portrait/async", { description: "Viking warrior" });
  return { id: body.jobId, path: `/ws/jobs/${body.jobId}` };
}

/** A listening socket: what it was sent, and how it was closed. */
function open(door: Door, path: string, headers: Record<string, string> = { "X-API-Key": PRO_KEY }) {
  const socket = new WebSocket(door.url.replace("http", "ws") + path, { headers });
  onTestFinished(() => socket.terminate());
  const messages: Message[] = [];
  socket.on("message", (data) => messages.push(JSON.parse(String(data))));
  const closed = once(socket, "close").then(([code]) => Number(code));
  closed.catch(() => {});
  return { socket, messages, closed };
}

/** What a refused upgrade was answered. */
async function openRefused(door: Pick<Door, "url">, path: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(door.url.replace("http", "ws") + path, { headers });
  const [, response] = await once(socket, "unexpected-response");
  let text = "";
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode as number, headers: response.headers, body: JSON.parse(text) };
}

const ticketOf = async (door: Door, id: string, key = PRO_KEY) =>
  (await post(door, `/api/v1/jobs/${id}/ticket`, undefined, { key })).body;

describe("a socket", () => {
  it("tells where the job stands, what happens, and its end; then it closes", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const { messages, closed } = open(door, path);
    await expect.poll(() => messages.length).toBe(1);
    door.events.publish(id, { type: "running" });
    door.events.publish(id, { type: "progress", value: 0.5, node: "5" });
    await door.complete(id);
    expect(await closed).toBe(1000);
    expect(messages.map(({ type }) => type)).toEqual(["queued", "running", "progress", "completed"]);
    for (const message of messages) expect(message.id).toMatch(/^\w+-\d+$/);
  });

  it("gives the terminal event the id that the event stream gives it, and says nothing to who has seen it", async () => {
    const door = await startDoor();
    const { id, path } = await submit(door);
    const { messages, closed } = open(door, path);
    await closed;
    const stream = await fetch(`${door.url}/api/v1/jobs/${id}/events`, { headers: { "X-API-Key": PRO_KEY } });
    const last = messages.at(-1);
    expect(await stream.text()).toContain(`id: ${last?.id}\n`);
    const again = open(door, `${path}?lastEventId=${last?.id}`);
    expect(await again.closed).toBe(1000);
    expect(again.messages).toEqual([]);
  });

  it("shows previews to who asks for them", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const asks = open(door, `${path}?preview=true`);
    const doesNot = open(door, path);
    await expect.poll(() => [asks.messages.length, doesNot.messages.length]).toEqual([1, 1]);
    door.events.publish(id, { type: "preview", mediaType: "image/jpeg", data: "AQID" });
    await expect.poll(() => asks.messages.at(-1)).toMatchObject({ type: "preview", data: "AQID" });
    await door.complete(id);
    await Promise.all([asks.closed, doesNot.closed]);
    expect(doesNot.messages.map(({ type }) => type)).not.toContain("preview");
  });

  it("checks a signature that is there although the key would do", async () => {
    const door = await startDoor({ isIdle: true });
    const { path } = await submit(door);
    const sign = async (secret?: string) =>
      Object.fromEntries(new Headers((await toSignedInit("GET", path, { ...(secret && { secret }) })).headers));
    const { messages } = open(door, path, await sign());
    await expect.poll(() => messages.length).toBe(1);
    const forged = await openRefused(door, path, await sign("another secret of a stranger"));
    expect(forged).toMatchObject({ status: 401, body: { code: "invalid_signature" } });
  });

  it("is closed with 1001 when the service drains, and leaves the job alone when it goes", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const { messages, closed } = open(door, path);
    await expect.poll(() => messages.length).toBe(1);
    await door.server.drain(AbortSignal.timeout(5_000));
    expect(await closed).toBe(1001);
    expect((await door.jobs.find(id))?.state).toBe("pending");
  });

  it("is cut for a message of any size, which nobody asked for", async () => {
    const door = await startDoor({ isIdle: true });
    const { path } = await submit(door);
    const { socket, closed } = open(door, path);
    await once(socket, "open");
    socket.send("x".repeat(10_000));
    expect(await closed).toBe(1009);
  });

  it("spares a slow listener what newer progress has overtaken, and never the end", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const { socket, messages, closed } = open(door, `${path}?preview=true`);
    await expect.poll(() => messages.length).toBe(1);
    socket.pause();
    const data = "A".repeat(60_000);
    for (let n = 1; n <= 2_000; n++) {
      door.events.publish(id, { type: "preview", mediaType: "image/png", data });
      if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await door.complete(id);
    socket.resume();
    expect(await closed).toBe(1000);
    expect(messages.at(-1)?.type).toBe("completed");
    expect(messages.length).toBeLessThan(1_000);
  });

  it("is forgotten when its listener hangs up in the middle", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const { socket, messages } = open(door, path);
    await expect.poll(() => messages.length).toBe(1);
    expect(door.events.hasListener(id)).toBe(true);
    socket.terminate();
    // The cancel of a lost request still listens where there is one; here only the socket did.
    await expect.poll(() => door.events.hasListener(id)).toBe(false);
  });
});

describe("a ticket", () => {
  it("opens the socket of its job once, without a key", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const { ticket, expiresIn } = await ticketOf(door, id);
    expect(expiresIn).toBe(60);
    const { messages } = open(door, `${path}?ticket=${ticket}`, {});
    await expect.poll(() => messages.length).toBe(1);
    const again = await openRefused(door, `${path}?ticket=${ticket}`);
    expect(again).toMatchObject({ status: 401, body: { code: "invalid_ticket" } });
  });

  it.each(["/api/v1/jobs/{id}/events", "/jobs/portrait/{id}/events"])("opens %s once, without a key", async (path) => {
    const door = await startDoor();
    const { id } = await submit(door);
    const { ticket } = await ticketOf(door, id);
    const url = `${door.url}${path.replace("{id}", id)}?ticket=${ticket}`;
    expect(await (await fetch(url)).text()).toContain('"type":"completed"');
    expect((await fetch(url)).status).toBe(401);
  });

  it("opens nothing but the events of its job", async () => {
    const door = await startDoor();
    const [{ id }, other] = [await submit(door), await submit(door)];
    const fresh = async () => (await ticketOf(door, id)).ticket;
    const statusOf = async (path: string) => (await fetch(`${door.url}${path}?ticket=${await fresh()}`)).status;
    expect(await statusOf(`/api/v1/jobs/${other.id}/events`)).toBe(401);
    expect(await statusOf(`/api/v1/jobs/${id}`)).not.toBe(200);
    expect(await statusOf(`/jobs/portrait/${id}`)).toBe(401);
    expect((await openRefused(door, `${other.path}?ticket=${await fresh()}`)).status).toBe(401);
  });

  it("is made by the owner of the job alone", async () => {
    const door = await startDoor();
    const { id } = await submit(door);
    expect((await post(door, `/api/v1/jobs/${id}/ticket`, undefined, { key: OTHER_KEY })).status).toBe(404);
  });
});

describe("an upgrade is refused as any other request", () => {
  it("401 without a key and with an unknown one", async () => {
    const door = await startDoor();
    const { path } = await submit(door);
    const none = await openRefused(door, path);
    expect(none).toMatchObject({ status: 401, body: { code: "missing_api_key", error: expect.any(String) } });
    expect(none.headers["x-request-id"]).toBe(none.body.requestId);
    expect((await openRefused(door, path, { "X-API-Key": "pro_invented" })).body.code).toBe("invalid_api_key");
  });

  it("404 for the job of somebody else, for an unknown id, and for another path", async () => {
    const door = await startDoor();
    const { path } = await submit(door);
    const key = { "X-API-Key": OTHER_KEY };
    expect(await openRefused(door, path, key)).toMatchObject({ status: 404, body: { code: "job_not_found" } });
    expect((await openRefused(door, "/ws/jobs/nothing", key)).body.code).toBe("job_not_found");
    expect((await openRefused(door, "/ws/elsewhere", key)).body.code).toBe("not_found");
    expect((await openRefused(door, "/api/v1/jobs", key)).body.code).toBe("not_found");
  });

  it("429 for an address that keeps failing", async () => {
    const door = await startDoor({ failuresPerMinute: 2 });
    const { path } = await submit(door);
    for (const status of [401, 401, 429]) expect((await openRefused(door, path)).status).toBe(status);
  });

  it("503 while the service drains", async () => {
    const door = await startDoor({ isIdle: true });
    const { path } = await submit(door);
    const draining = AbortSignal.abort();
    const { upgrade } = createSocketDoor({ ...door.deps, draining, closing: draining });
    const server = createServer().on("upgrade", upgrade).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const refused = await openRefused({ url: `http://127.0.0.1:${port}` }, path);
    expect(refused).toMatchObject({ status: 503, body: { code: "draining" } });
  });

  it.each([
    [
      "a peer that hangs up at once",
      "GET /ws/jobs/x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
    ["an upgrade to something else", "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"],
    ["an address that is none", "GET //[/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"],
  ])("and the door stands after %s", async (_what, request) => {
    const door = await startDoor();
    const socket = connect(Number(new URL(door.url).port), "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.write(request);
    socket.end();
    await once(socket.resume(), "close");
    expect((await fetch(`${door.url}/ping`)).status).toBe(200);
  });
});
