import type { RequestListener } from "node:http";
import { buffer } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { listen } from "../../../test/fetch/servers.ts";
import { createGuardedAgent } from "./guarded-agent.ts";
import { createRemoteFiles } from "./remote-files.ts";

const never = new AbortController().signal;

/** Of this machine, 127.0.0.1 plays the internet and the rest stays forbidden. */
async function setUp(handle: RequestListener, timeouts: { silenceTimeoutMs?: number; totalTimeoutMs?: number } = {}) {
  const policy = {
    isHttpAllowed: true,
    isAddressAllowed: (address: string) => address === "127.0.0.1",
    lookup: async () => ["127.0.0.1"],
  };
  const agent = createGuardedAgent(policy);
  onTestFinished(() => agent.destroy());
  const server = await listen(handle);
  const files = createRemoteFiles({ policy, agent, ...timeouts });
  const read = async (path = "/", sizeBytesMax = 1_000, signal = never) => {
    const { body } = await files.open(`http://files.example:${server.port}${path}`, { sizeBytesMax, signal });
    return buffer(body);
  };
  return { ...server, files, read };
}

describe("a file behind an address", () => {
  it("is read as it is", async () => {
    const bytes = Buffer.from([0, 1, 2, 255]);
    const { read, hits } = await setUp((req, res) => {
      expect(req.headers["accept-encoding"]).toBe("identity");
      expect(req.headers).not.toHaveProperty("authorization");
      expect(req.headers).not.toHaveProperty("cookie");
      res.end(bytes);
    });
    expect((await read("/a%20b?c=d#fragment")).equals(bytes)).toBe(true);
    expect(hits).toEqual(["GET /a%20b?c=d"]);
  });

  it("is found over three redirects, not over four", async () => {
    const { read, hits } = await setUp((req, res) => {
      const left = Number(req.url?.slice(1));
      if (left === 0) res.end("found");
      else res.writeHead(302, { location: `/${left - 1}` }).end("moved");
    });
    expect((await read("/3")).toString()).toBe("found");
    hits.length = 0;
    await expect(read("/4")).rejects.toMatchObject({ code: "media_unusable" });
    expect(hits).toEqual(["GET /4", "GET /3", "GET /2", "GET /1"]);
    await expect(read("/4")).rejects.toThrow("it redirects more than 3 times");
  });

  it.each([
    ["http://127.0.0.9:PORT/secret", /not on the public internet/],
    ["http://[::1]:PORT/secret", /not on the public internet/],
    ["http://2130706441:PORT/secret", /not on the public internet/],
    ["//127.0.0.9:PORT/secret", /not on the public internet/],
    ["http://user:pass@files.example:PORT/secret", /without a user name/],
    ["file:///etc/passwd", /expected an http or https address/],
    ["data:text/plain,secret", /expected an http or https address/],
    ["http://", /redirects to no valid address/],
  ])("is not looked for where a redirect leads to %s", async (template, sentence) => {
    const trap = await listen((_req, res) => res.end("secret"));
    const location = template.replace("PORT", String(trap.port));
    const { read } = await setUp((_req, res) => res.writeHead(302, { location }).end());
    await expect(read()).rejects.toThrow(sentence);
    await expect(read()).rejects.toMatchObject({ code: "media_unusable" });
    expect(trap.hits).toEqual([]);
  });

  it.each([[204], [206], [300], [304], [401], [404], [500]])(
    "is not there when the server answers %i",
    async (status) => {
      const { read } = await setUp((_req, res) =>
        res.writeHead(status).end(status === 204 || status === 304 ? undefined : "x"),
      );
      await expect(read()).rejects.toThrow(`The file could not be fetched: the server answered with status ${status}.`);
    },
  );

  it("is refused by its announced size before a byte of it is read", async () => {
    const { files, port } = await setUp((_req, res) => res.writeHead(200, { "content-length": 1_001 }).write("x"));
    const open = files.open(`http://files.example:${port}/`, { sizeBytesMax: 1_000, signal: never });
    await expect(open).rejects.toMatchObject({ code: "payload_too_large" });
  });

  it("is cut off at the limit when its size was not announced, and may be exactly as large", async () => {
    let isCut = false;
    const { read } = await setUp((req, res) => {
      if (req.url === "/exact") return void res.end(Buffer.alloc(1_000));
      const timer = setInterval(() => res.write(Buffer.alloc(500)), 1);
      res.on("close", () => {
        isCut = true;
        clearInterval(timer);
      });
    });
    expect(await read("/exact")).toHaveLength(1_000);
    await expect(read("/endless")).rejects.toMatchObject({ code: "payload_too_large" });
    await expect.poll(() => isCut).toBe(true);
  });

  it("is not unpacked", async () => {
    const packed = Buffer.from("1f8b0800000000000003cbc800000000ffff", "hex");
    const { read } = await setUp((_req, res) => res.writeHead(200, { "content-encoding": "gzip" }).end(packed));
    expect((await read()).equals(packed)).toBe(true);
  });

  it("is given up when the server is silent, before the headers or after", async () => {
    const { read } = await setUp(
      (req, res) => {
        if (req.url === "/body") res.writeHead(200).write("first");
      },
      { silenceTimeoutMs: 100 },
    );
    await expect(read("/headers")).rejects.toMatchObject({
      code: "media_unusable",
      message: "The file could not be fetched: the server did not answer in time.",
    });
    await expect(read("/body")).rejects.toThrow("the server was silent for too long");
  });

  it("is given up when the server drips, though it is never silent", async () => {
    const { read } = await setUp(
      (_req, res) => {
        const timer = setInterval(() => res.write("x"), 5);
        res.on("close", () => clearInterval(timer));
      },
      { totalTimeoutMs: 200 },
    );
    await expect(read("/", 1_000_000)).rejects.toThrow("The file could not be fetched: it took too long.");
  });

  it("is given up, with the caller's own reason, when the caller leaves", async () => {
    const reason = new Error("the caller left");
    const controller = new AbortController();
    const { read } = await setUp((_req, res) => {
      res.writeHead(200).write("first");
      controller.abort(reason);
    });
    await expect(read("/", 1_000, controller.signal)).rejects.toBe(reason);
    await expect(read("/", 1_000, controller.signal)).rejects.toBe(reason);
  });

  it("breaks with a sentence that names no address of ours", async () => {
    const { read, files } = await setUp((req, res) => {
      if (req.url === "/half") res.writeHead(200, { "content-length": 100 }).write("half", () => res.destroy());
      else res.destroy();
    });
    for (const path of ["/half", "/none"]) {
      const refusal = read(path);
      await expect(refusal).rejects.toMatchObject({ code: "media_unusable" });
      await expect(refusal).rejects.toThrow(/^The file could not be fetched: the connection broke\.$/);
    }
    const closed = files.open("http://127.0.0.1:1/", { sizeBytesMax: 1, signal: never });
    await expect(closed).rejects.toThrow("The file could not be fetched: the server refused the connection.");
  });
});
