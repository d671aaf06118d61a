import type { RequestListener } from "node:http";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { listen } from "../../../test/fetch/servers.ts";
import { createCallbackSender } from "./callback-sender.ts";
import { createGuardedAgent } from "./guarded-agent.ts";

const never = new AbortController().signal;

async function setUp(handle: RequestListener, timeoutMs = 5_000) {
  const policy = {
    isHttpAllowed: true,
    isAddressAllowed: (address: string) => address === "127.0.0.1",
    lookup: async (hostname: string) => [hostname === "inside.example" ? "127.0.0.9" : "127.0.0.1"],
  };
  const agent = createGuardedAgent(policy);
  onTestFinished(() => agent.destroy());
  const server = await listen(handle);
  const sender = createCallbackSender({ policy, agent, timeoutMs });
  const send = (host = "hooks.example", signal = never) =>
    sender.send({
      url: `http://${host}:${server.port}/hook?x=1`,
      headers: { "content-type": "application/json", "webhook-id": "1" },
      body: '{"é":1}',
      signal,
    });
  return { ...server, send };
}

describe("a callback", () => {
  it("arrives as it was signed, and its answer's status is told", async () => {
    const received: unknown[] = [];
    const { send, hits } = await setUp(async (req, res) => {
      received.push(await text(req), req.headers["webhook-id"], req.headers["content-length"]);
      res.writeHead(202).end("thanks");
    });
    expect(await send()).toEqual({ status: 202 });
    expect(hits).toEqual(["POST /hook?x=1"]);
    expect(received).toEqual(['{"é":1}', "1", "8"]);
  });

  it.each([301, 302, 307, 308])("follows no redirect: %i is the answer", async (status) => {
    const trap = await listen((_req, res) => res.end());
    const location = `http://127.0.0.1:${trap.port}/`;
    const { send } = await setUp((_req, res) => res.writeHead(status, { location }).end());
    expect(await send()).toEqual({ status });
    expect(trap.hits).toEqual([]);
  });

  it.each(["127.0.0.9", "[::1]", "2130706441", "inside.example"])("is not sent to %s", async (host) => {
    const { send, hits } = await setUp((_req, res) => res.end());
    await expect(send(host)).rejects.toMatchObject({
      code: "unavailable",
      message: "The delivery failed: the address is not on the public internet.",
    });
    expect(hits).toEqual([]);
  });

  it("is given up when the receiver does not answer", async () => {
    const { send } = await setUp(() => undefined, 100);
    await expect(send()).rejects.toThrow(
      /^The delivery failed: (it took too long|the server did not answer in time)\.$/,
    );
  });

  it("does not wait for an answer that never ends, and does not read it to its end", async () => {
    let isCut = false;
    const { send } = await setUp((_req, res) => {
      res.writeHead(200);
      const timer = setInterval(() => res.write(Buffer.alloc(4_096)), 1);
      res.on("close", () => {
        isCut = true;
        clearInterval(timer);
      });
    });
    expect(await send()).toEqual({ status: 200 });
    await expect.poll(() => isCut).toBe(true);
  });

  it("stops with the service", async () => {
    const controller = new AbortController();
    const reason = new Error("stopping");
    const { send } = await setUp(() => controller.abort(reason));
    await expect(send("hooks.example", controller.signal)).rejects.toBe(reason);
  });
});
