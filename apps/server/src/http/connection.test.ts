import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { cutIdleReader } from "./connection.ts";

const SIZE_BYTES = 64 * 1024 * 1024;

async function serve(silenceMs: number): Promise<{ port: number; ended: Promise<ServerResponse> }> {
  const ended = Promise.withResolvers<ServerResponse>();
  const server = createServer((_, res) => {
    cutIdleReader(res, silenceMs);
    res.once("close", () => ended.resolve(res));
    res.end(Buffer.alloc(SIZE_BYTES));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, ended: ended.promise };
}

function ask(port: number) {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  return socket;
}

describe("a reader of a download", () => {
  it("is cut when it takes nothing for a while, and what it held is free", async () => {
    const { port, ended } = await serve(200);
    // Never read from: the system's buffers are full after some megabytes.
    ask(port).pause();
    expect((await ended).writableFinished).toBe(false);
  });

  it("gets all of it however slowly it reads, as long as it reads", async () => {
    const { port, ended } = await serve(1_000);
    const socket = ask(port);
    let sizeBytes = 0;
    for (let round = 0; sizeBytes < SIZE_BYTES; round++) {
      const chunk: Buffer | null = socket.read();
      if (chunk) sizeBytes += chunk.length;
      else await once(socket, "readable");
      // Well below the limit each, and above it all together.
      if (round % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect((await ended).writableFinished).toBe(true);
  }, 30_000);
});
