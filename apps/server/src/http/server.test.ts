import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { send, toSignedInit } from "../../test/http/call.ts";
import { type Door, startDoor } from "../../test/http/start-door.ts";
import { createHttpServer } from "./server.ts";

/** Sends bytes as they are and gives everything that came back until the other side closed. */
async function sendRaw(door: Door, bytes: string | readonly string[]): Promise<string> {
  const { port } = new URL(door.url);
  const socket = connect(Number(port), "127.0.0.1");
  const answer = text(socket).catch(() => "");
  for (const part of [bytes].flat()) socket.write(part);
  return answer;
}

const bodyOf = (answer: string) => JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")));
const FAST = { headersTimeout: 150, requestTimeout: 300, connectionsCheckingInterval: 50 };

describe("bytes that are no request", () => {
  it.each([
    "GARBAGE\r\n\r\n",
    "GET / HTTP/1.1\r\nbad header\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
  ])("are answered with 400 in JSON and closed", async (bytes) => {
    const answer = await sendRaw(await startDoor(), bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(bodyOf(answer)).toEqual({ error: expect.any(String), code: "invalid_input", requestId: expect.any(String) });
  });

  it("cannot hide a second request behind two lengths", async () => {
    const smuggled =
      "POST /portrait HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\n\r\n";
    const answer = await sendRaw(await startDoor(), smuggled);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).not.toContain("healthy");
  });

  it("are refused when the headers are too large", async () => {
    const answer = await sendRaw(
      await startDoor(),
      `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(bodyOf(answer).code).toBe("headers_too_large");
  });

  it("are told so in an answer that nobody keeps or sniffs", async () => {
    const answer = await sendRaw(await startDoor(), "GARBAGE\r\n\r\n");
    expect(answer).toMatch(/^cache-control: no-store\r$/im);
    expect(answer).toMatch(/^x-content-type-options: nosniff\r$/im);
  });

  it("must name a host", async () => {
    expect(await sendRaw(await startDoor(), "GET /ping HTTP/1.1\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe("slow senders", () => {
  it("of headers are told and cut", async () => {
    const answer = await sendRaw(await startDoor({ timeouts: FAST }), "GET /ping HTTP/1.1\r\nHost: a\r\nX-Slow: ");
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(bodyOf(answer).code).toBe("request_timeout");
  });

  it("without a known key are refused before their body has come", async () => {
    const head =
      "POST /portrait HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-API-Key: pro_nobody\r\nContent-Length: 1000\r\n\r\n{";
    const answer = await sendRaw(await startDoor({ timeouts: { ...FAST, requestTimeout: 2_000 } }), head);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });

  it("of bodies are cut, and the service goes on", async () => {
    const door = await startDoor({ timeouts: FAST });
    const { headers } = await toSignedInit("POST", "/portrait", { body: { description: "a" } });
    const lines = [...new Headers(headers)].map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const answer = await sendRaw(
      door,
      `POST /portrait HTTP/1.1\r\nHost: a\r\n${lines}Content-Length: 100\r\n\r\n{"desc`,
    );
    expect(answer).not.toContain("200 OK");
    expect((await send(door, "/ping")).status).toBe(200);
  });
});

describe("the server", () => {
  it("says on which port it listens when it could choose", async () => {
    const door = await startDoor();
    expect(Number(new URL(door.url).port)).toBeGreaterThan(0);
  });

  it("still knows its address while it drains: the answers that go out then carry links", async () => {
    const door = await startDoor();
    await door.server.drain(AbortSignal.timeout(5_000));
    expect(door.server.url).toBe(door.url);
  });

  it("names an address that can be asked when it listens on all of them", async () => {
    const { deps } = await startDoor();
    const server = createHttpServer(deps, { host: "0.0.0.0", port: 0 });
    await server.start(AbortSignal.timeout(5_000));
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(`${server.url}/ping`)).status).toBe(200);
    await server.stop();
  });

  it("does not start on a port that is taken", async () => {
    const door = await startDoor();
    const other = createHttpServer(door.deps, { host: "127.0.0.1", port: Number(new URL(door.url).port) });
    await expect(other.start(AbortSignal.timeout(1_000))).rejects.toThrow("EADDRINUSE");
    await other.stop();
  });

  it("may be stopped twice, and before it was started", async () => {
    const door = await startDoor();
    await Promise.all([door.server.stop(), door.server.stop()]);
  });
});
