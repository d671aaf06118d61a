import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { type StreamBodyOptions, streamBody } from "./stream-body.ts";

type Read = (body: AsyncIterable<Uint8Array>, req: IncomingMessage, res: ServerResponse) => Promise<void>;

/** A server that reads a body its own way; what that threw comes back. */
async function serve(options: StreamBodyOptions, read: Read) {
  const outcome = Promise.withResolvers<unknown>();
  const server = createServer(async (req, res) => {
    try {
      await read(streamBody(req, res, options), req, res);
      res.end("read");
      outcome.resolve(undefined);
    } catch (error) {
      res.statusCode = 400;
      res.end("refused");
      outcome.resolve(error);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}`, outcome: outcome.promise };
}

const readAll: Read = async (body) => {
  for await (const _ of body);
};

describe("a body that streams", () => {
  it("is shown piece by piece, all of it", async () => {
    let seen = 0;
    const { url, outcome } = await serve(
      { sizeBytesMax: 1_000_000, onChunk: ({ length }) => (seen += length) },
      readAll,
    );
    expect((await fetch(url, { method: "POST", body: Buffer.alloc(700_000) })).status).toBe(200);
    expect(await outcome).toBeUndefined();
    expect(seen).toBe(700_000);
  });

  it("is given up when it falls silent, and its connection is closed: the other end may be gone", async () => {
    const { port, outcome } = await serve({ sizeBytesMax: 1_000_000, silenceMs: 50 }, readAll);
    const socket = connect(port, "127.0.0.1");
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nsome");
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    expect(await outcome).toMatchObject({ code: "request_timeout", status: 408 });
    await once(socket, "close");
    expect(answer).toContain("refused");
    expect(answer).toContain("Connection: close");
  });

  it("may take its time while its reader does", async () => {
    const { url, outcome } = await serve({ sizeBytesMax: 1_000_000, silenceMs: 200 }, async (body) => {
      for await (const _ of body) await new Promise((resolve) => setTimeout(resolve, 60));
    });
    await fetch(url, { method: "POST", body: Buffer.alloc(600_000) });
    expect(await outcome).toBeUndefined();
  });

  it("is refused by its announced size before a byte is read, else where it passes the limit", async () => {
    const announced = await serve({ sizeBytesMax: 1_000 }, readAll);
    await fetch(announced.url, { method: "POST", body: Buffer.alloc(1_001) }).catch(() => undefined);
    expect(await announced.outcome).toMatchObject({ code: "payload_too_large" });
    const chunked = await serve({ sizeBytesMax: 1_000 }, readAll);
    const body = ReadableStream.from([Buffer.alloc(900), Buffer.alloc(900)]) as never;
    await fetch(chunked.url, { method: "POST", body, duplex: "half" } as RequestInit).catch(() => undefined);
    expect(await chunked.outcome).toMatchObject({ code: "payload_too_large" });
  });

  it("ends with a sentence when its sender goes away", async () => {
    const { port, outcome } = await serve({ sizeBytesMax: 1_000_000 }, readAll);
    const socket = connect(port, "127.0.0.1");
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nsome");
    setTimeout(() => socket.destroy(), 30);
    expect(await outcome).toMatchObject({ code: "invalid_input" });
  });

  it("leaves the connection open for the answer when its reader refuses", async () => {
    const { url } = await serve({ sizeBytesMax: 10_000_000 }, async (body) => {
      for await (const _ of body) throw new Error("Not this.");
    });
    const response = await fetch(url, { method: "POST", body: Buffer.alloc(100_000) });
    expect([response.status, await response.text()]).toEqual([400, "refused"]);
  });
});
