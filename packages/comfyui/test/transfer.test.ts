import { randomBytes } from "node:crypto";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, expect, it } from "vitest";
import { ComfyUiError } from "../src/index.ts";
import { codeOf } from "./code-of.ts";
import { quick, startClient, startServer, until } from "./parts.ts";

const file = { filename: "a b&é.png", subfolder: "s/t", type: "output" };

async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("open", () => {
  it("streams a file with its size and type, whatever is in its name", async () => {
    const server = await startServer();
    let query = new URLSearchParams();
    server.on("GET /view", (request, response) => {
      query = new URL(request.url ?? "", "http://x").searchParams;
      response.writeHead(200, { "content-type": "image/png", "content-length": 5 }).end("12345");
    });
    const opened = await startClient(server.url).open(file);
    expect(opened).toMatchObject({ sizeBytes: 5, contentType: "image/png" });
    expect((await readAll(opened.body)).toString()).toBe("12345");
    expect(Object.fromEntries(query)).toEqual(file);
  });

  it("keeps memory constant: the server is held back by a slow reader", async () => {
    const server = await startServer();
    const chunk = Buffer.alloc(64 * 1024);
    let sent = 0;
    server.on("GET /view", async (_, response) => {
      const chunks = async function* () {
        for (; sent < 2_000; sent++) yield chunk;
      };
      await pipeline(chunks, response);
    });
    const { body } = await startClient(server.url).open(file);
    await until(() => sent > 5);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(sent).toBeLessThan(500);
    let total = 0;
    await pipeline(
      body,
      new Writable({
        write: (part: Buffer, _, done) => {
          total += part.length;
          done();
        },
      }),
    );
    expect(total).toBe(2_000 * chunk.length);
  });

  it("tells a file that is gone", async () => {
    const server = await startServer();
    expect(await codeOf(startClient(server.url).open(file))).toBe("file_gone");
  });

  it("tells a file that arrives incomplete, with or without an announced size", async () => {
    const server = await startServer();
    server.on("GET /view", (_, response) => {
      response.writeHead(200, { "content-length": 100 }).write("half");
      setTimeout(() => response.destroy(), 20);
    });
    const comfy = startClient(server.url);
    expect(await codeOf(comfy.open(file).then(({ body }) => readAll(body)))).toBe("truncated");
    server.on("GET /view", (_, response) => {
      response.writeHead(200).write("half");
      setTimeout(() => response.destroy(), 20);
    });
    expect(await codeOf(comfy.open(file).then(({ body }) => readAll(body)))).toBe("truncated");
  });

  it("gives up when the bytes stop coming, and when they never start", async () => {
    const server = await startServer();
    server.on("GET /view", (_, response) => void response.writeHead(200).write("half"));
    const comfy = startClient(server.url, { timeouts: { ...quick, chunkMs: 1_000, requestMs: 300 } });
    expect(await codeOf(comfy.open(file).then(({ body }) => readAll(body)))).toBe("timeout");
    server.on("GET /view", () => {});
    expect(await codeOf(comfy.open(file))).toBe("timeout");
  });

  it("may fail before anybody reads", async () => {
    const server = await startServer();
    server.on("GET /view", (_, response) => {
      response.writeHead(200, { "content-length": 100 }).write("half");
      setTimeout(() => response.destroy(), 20);
    });
    const { body } = await startClient(server.url).open(file);
    // An error that nobody hears ends the process; here it would end the run.
    await new Promise((resolve) => body.once("close", resolve));
    expect(body.errored).toBeInstanceOf(ComfyUiError);
  });

  it("closes the connection when the reader leaves or aborts", async () => {
    const server = await startServer();
    let open = 0;
    server.on("GET /view", (_, response) => {
      open += 1;
      response.on("close", () => {
        open -= 1;
      });
      response.writeHead(200).write("half");
    });
    const comfy = startClient(server.url);
    const left = await comfy.open(file);
    left.body.destroy();
    await until(() => open === 0);
    const controller = new AbortController();
    const aborted = await comfy.open(file, { signal: controller.signal });
    const reading = readAll(aborted.body);
    controller.abort();
    await expect(reading).rejects.toThrow();
    await until(() => open === 0);
  });
});

describe("fetch", () => {
  const take = (sizeBytes: number) => new Uint8Array(sizeBytes);

  it("gathers a file of an announced size in the memory it is given, byte for byte", async () => {
    const server = await startServer();
    const content = randomBytes(1_000_000);
    server.on("GET /view", (_, response) => void response.writeHead(200, { "content-length": 1_000_000 }).end(content));
    const comfy = startClient(server.url);
    // The memory of what was read is given back in between: neither this file nor the next on the connection may suffer.
    for (let count = 0; count < 3; count++) {
      const fetched = await comfy.fetch(file, { allot: take });
      expect("bytes" in fetched && content.equals(fetched.bytes)).toBe(true);
    }
  });

  it("streams a file that gets no memory, or whose size nobody announced", async () => {
    const server = await startServer();
    const comfy = startClient(server.url);
    server.on("GET /view", (_, response) => void response.writeHead(200, { "content-length": 5 }).end("12345"));
    const refused = await comfy.fetch(file, { allot: () => undefined });
    expect("body" in refused && (await readAll(refused.body)).toString()).toBe("12345");
    server.on("GET /view", (_, response) => void response.writeHead(200).end("12345"));
    const unannounced = await comfy.fetch(file, { allot: take });
    expect("body" in unannounced && (await readAll(unannounced.body)).toString()).toBe("12345");
  });

  it("never gives out a file that is incomplete, silent or gone", async () => {
    const server = await startServer();
    const comfy = startClient(server.url, { timeouts: { ...quick, chunkMs: 1_000, requestMs: 300 } });
    server.on("GET /view", (_, response) => {
      response.writeHead(200, { "content-length": 100 }).write("half");
      setTimeout(() => response.destroy(), 20);
    });
    expect(await codeOf(comfy.fetch(file, { allot: take }))).toBe("truncated");
    server.on("GET /view", (_, response) => void response.writeHead(200, { "content-length": 100 }).write("half"));
    expect(await codeOf(comfy.fetch(file, { allot: take }))).toBe("timeout");
    server.on("GET /view", (_, response) => void response.writeHead(404).end());
    expect(await codeOf(comfy.fetch(file, { allot: take }))).toBe("file_gone");
  });

  it("stops at the signal, and closes the connection", async () => {
    const server = await startServer();
    let open = 0;
    const controller = new AbortController();
    const reason = new Error("the caller left");
    server.on("GET /view", (_, response) => {
      open += 1;
      response.on("close", () => {
        open -= 1;
      });
      response.writeHead(200, { "content-length": 100 }).write("half");
      setTimeout(() => controller.abort(reason), 20);
    });
    const { signal } = controller;
    await expect(startClient(server.url).fetch(file, { allot: take, signal })).rejects.toBe(reason);
    await until(() => open === 0);
  });
});
