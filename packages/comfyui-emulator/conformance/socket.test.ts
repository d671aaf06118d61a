import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { send } from "./http.ts";
import { emptyQueue, freshGraph, run, slowGraph, submitted } from "./prompts.ts";
import { connect, isClosing, type Socket, untilComeAndGone } from "./socket.ts";
import { openTarget, type Target } from "./target.ts";

let target: Target;
const open: Socket[] = [];
beforeAll(async () => {
  target = await openTarget();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((socket) => socket.close()));
  await emptyQueue(target.url);
});
afterAll(() => target.close());

async function listen(clientId?: string, path?: string): Promise<Socket> {
  const socket = await connect(target.url, clientId, path);
  open.push(socket);
  return socket;
}

const FLAGS = JSON.stringify({ type: "feature_flags", data: { supports_preview_metadata: true } });
const isFlags = ({ type }: { type: string }): boolean => type === "feature_flags";
/** A round trip that the server answers in order: when it is over, everything sent before has been read. */
const settle = async (socket: Socket): Promise<void> => {
  const from = socket.frames.length;
  const promptId = await submitted(target.url, freshGraph(), { client_id: socket.clientId });
  await socket.until("the end of a prompt", isClosing(promptId), from);
};

describe("/ws", () => {
  it("greets with the status and the client's own id", async () => {
    const clientId = randomUUID();
    const socket = await listen(clientId);
    const first = await socket.until("the first frame", () => true);
    expect(first).toMatchObject({
      type: "status",
      data: { sid: clientId, status: { exec_info: { queue_remaining: 0 } } },
    });
  });

  it("makes up 32 hexadecimal digits for a client without an id", async () => {
    for (const clientId of [undefined, ""]) {
      const first = await (await listen(clientId)).until("the first frame", () => true);
      expect(first).toMatchObject({ data: { sid: expect.stringMatching(/^[0-9a-f]{32}$/) } });
    }
  });

  it("is there as /api/ws, too, and is no page", async () => {
    expect(await (await listen(randomUUID(), "/api/ws")).until("the first frame", () => true)).toMatchObject({
      type: "status",
    });
    expect((await send(target.url, { path: "/ws" })).status).toBe(400);
  });

  it("answers feature flags in the first frame with its own", async () => {
    const socket = await listen(randomUUID());
    socket.send(FLAGS);
    const reply = await socket.until("feature flags", isFlags);
    const features: unknown = (await send(target.url, { path: "/features" })).json();
    expect(reply).toMatchObject({ data: features });
  });

  it("takes feature flags after text that is no JSON, but neither twice nor after another message", async () => {
    const late = await listen(randomUUID());
    late.send("no json");
    late.send(FLAGS);
    await late.until("feature flags", isFlags);
    late.send(FLAGS);
    const other = await listen(randomUUID());
    other.send('{"type": "something", "data": {}}');
    other.send(FLAGS);
    await settle(late);
    await settle(other);
    expect(late.frames.filter(isFlags)).toHaveLength(1);
    expect(other.frames.filter(isFlags)).toHaveLength(0);
  });

  it("writes start values as floats and sampler steps as integers", async () => {
    const socket = await listen(randomUUID());
    const promptId = await submitted(target.url, slowGraph(2), { client_id: socket.clientId });
    await socket.until("the end", isClosing(promptId));
    const texts = socket.frames.flatMap((frame) => ("text" in frame ? [frame.text] : [])).join("\n");
    expect(texts).toContain('"ckpt": {"value": 0.0, "max": 1.0, "state": "running"');
    expect(texts).toContain('"data": {"value": 1, "max": 2, ');
  });

  it("tells every socket about the queue, and only the submitter about the prompt", async () => {
    const [submitter, bystander] = [await listen(randomUUID()), await listen(randomUUID())];
    await settle(submitter);
    await untilComeAndGone(bystander);
    expect(new Set(bystander.frames.map(({ type }) => type))).toEqual(new Set(["status"]));
  });

  it("writes the history before the closing `executing`", async () => {
    const socket = await listen(randomUUID());
    for (const _ of [1, 2, 3, 4, 5]) {
      const promptId = await submitted(target.url, freshGraph(), { client_id: socket.clientId });
      await socket.until("the end", isClosing(promptId));
      expect((await send(target.url, { path: `/history/${promptId}` })).text).not.toBe("{}");
    }
  });

  it("tells a client that comes back which node runs, and nothing of what it missed", async () => {
    const clientId = randomUUID();
    const first = await listen(clientId);
    const slow = await submitted(target.url, slowGraph(), { client_id: clientId });
    await first.until("progress", ({ type }) => type === "progress");
    await first.close();
    const second = await listen(clientId);
    await second.until("a second frame", ({ type }) => type !== "status");
    expect(second.frames[0]).toMatchObject({ type: "status", data: { sid: clientId } });
    expect(second.frames[1]).toMatchObject({ type: "executing" });
    expect(second.frames[1] && "data" in second.frames[1] ? second.frames[1].data : {}).toEqual({ node: "sampler" });
    await send(target.url, { method: "POST", path: "/interrupt" });
    await second.until("the end", isClosing(slow));
    expect(second.frames.some(({ type }) => type === "execution_start")).toBe(false);
  });

  it("goes silent for a client's new socket once its old one closes: the reconnect hazard", async ({ skip }) => {
    skip(target.isNewer, "only known of servers up to 0.3.64");
    const clientId = randomUUID();
    const old = await listen(clientId);
    const young = await listen(clientId);
    await old.close();
    const witness = await listen(randomUUID());
    const promptId = await submitted(target.url, freshGraph(), { client_id: clientId });
    await run(target.url, freshGraph());
    await untilComeAndGone(witness);
    expect(young.frames).toHaveLength(1);
    expect((await send(target.url, { path: `/history/${promptId}` })).text).not.toBe("{}");
  });

  it("sends a prompt without a client id to nobody, apart from its progress, which all hear", async () => {
    const socket = await listen(randomUUID());
    await submitted(target.url, slowGraph(3));
    await untilComeAndGone(socket);
    const types = new Set(socket.frames.map(({ type }) => type));
    expect(types).toContain("progress_state");
    expect(types).toContain("progress");
    for (const type of ["execution_start", "execution_cached", "executing", "executed", "execution_success"]) {
      expect(types).not.toContain(type);
    }
  });
});

describe("previews", () => {
  const isBinary = ({ type }: { type: string }): boolean => type === "binary";
  const JPEG = "ffd8ff";

  async function preview(wantsMetadata: boolean): Promise<{ bytes: Buffer; promptId: string }> {
    const socket = await listen(randomUUID());
    if (wantsMetadata) {
      socket.send(FLAGS);
      await socket.until("feature flags", isFlags);
    }
    const promptId = await submitted(target.url, slowGraph(2), { client_id: socket.clientId });
    await socket.until("the end", isClosing(promptId));
    const frame = socket.frames.find(isBinary);
    return { bytes: frame && "bytes" in frame ? frame.bytes : Buffer.alloc(0), promptId };
  }

  it("are JPEG after two integers: 1 for a preview, 1 for JPEG", async ({ skip }) => {
    skip(!target.hasPreviews, "the server runs without --preview-method");
    const { bytes } = await preview(false);
    expect(bytes.subarray(0, 11).toString("hex")).toBe(`0000000100000001${JPEG}`);
  });

  it("carry JSON about their node for a client that sent its flags", async ({ skip }) => {
    skip(!target.hasPreviews, "the server runs without --preview-method");
    const { bytes, promptId } = await preview(true);
    expect(bytes.readUInt32BE(0)).toBe(4);
    const end = 8 + bytes.readUInt32BE(4);
    expect(JSON.parse(bytes.subarray(8, end).toString("utf8"))).toEqual({
      ...{ node_id: "sampler", display_node_id: "sampler", real_node_id: "sampler", parent_node_id: null },
      ...{ prompt_id: promptId, image_type: "image/jpeg" },
    });
    expect(bytes.subarray(end, end + 3).toString("hex")).toBe(JPEG);
  });
});
