import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { post } from "../../../test/http/call.ts";
import { openRefused, openSocket, submit } from "../../../test/http/open-socket.ts";
import { signNow } from "../../../test/http/sign-now.ts";
import { type Door, OTHER_KEY, PRO_KEY, SECRET, startDoor } from "../../../test/http/start-door.ts";
import { createSocketDoor } from "./socket-door.ts";

const ticketOf = async (door: Door, id: string, key = PRO_KEY) =>
  (await post(door, `/api/v1/jobs/${id}/ticket`, undefined, { key })).body;

describe("a ticket", () => {
  it("opens the socket of its job once, without a key", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const { ticket, expiresIn } = await ticketOf(door, id);
    expect(expiresIn).toBe(60);
    const { messages } = openSocket(door, `${path}?ticket=${ticket}`, {});
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

  it("opens behind a proxy that wants a password of its own", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const { ticket } = await ticketOf(door, id);
    const { messages } = openSocket(door, `${path}?ticket=${ticket}`, { authorization: "Basic dXNlcjpwYXNz" });
    await expect.poll(() => messages.length).toBe(1);
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
    const key = (at: string) => signNow(at, { key: OTHER_KEY, secret: SECRET });
    expect(await openRefused(door, path, key(path))).toMatchObject({ status: 404, body: { code: "job_not_found" } });
    expect((await openRefused(door, "/ws/jobs/nothing", key("/ws/jobs/nothing"))).body.code).toBe("job_not_found");
    expect((await openRefused(door, "/ws/elsewhere", key("/ws/elsewhere"))).body.code).toBe("not_found");
    expect((await openRefused(door, "/api/v1/jobs", key("/api/v1/jobs"))).body.code).toBe("not_found");
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

  it("and an offer of another protocol is none: the request is answered as if it had not been made", async () => {
    const door = await startDoor();
    const socket = connect(Number(new URL(door.url).port), "127.0.0.1");
    await once(socket, "connect");
    socket.end(
      "GET /ping HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
    );
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /);
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
