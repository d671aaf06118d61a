import { describe, expect, it } from "vitest";
import type { PromptEvent } from "../src/index.ts";
import { finish, quick, setUp, until } from "./parts.ts";
import { graph } from "./scripted-server.ts";

/** The socket tells everything, and looks are so rare that a test never sees one. */
const trusting = { ...quick, pollMs: 50, quietMs: 60_000 };
const output = { images: [{ filename: "a_00001_.png", subfolder: "", type: "output" }] };

async function submitted(options: Parameters<typeof setUp>[0] = { timeouts: trusting }) {
  const parts = await setUp(options);
  await parts.comfy.submit({ promptId: parts.promptId, graph });
  return parts;
}

describe("a prompt whose messages all arrive", () => {
  it("costs one POST and nothing else", async () => {
    const { server, comfy, promptId } = await submitted();
    const ended = comfy.follow({ promptId });
    server.say("execution_start", { prompt_id: promptId, timestamp: 1 });
    server.say("executing", { node: "2", display_node: "2", prompt_id: promptId });
    server.say("executed", { node: "2", display_node: "2", output, prompt_id: promptId });
    server.say("execution_success", { prompt_id: promptId, timestamp: 2 });
    expect(await ended).toEqual({ type: "succeeded", outputs: { "2": output } });
    expect(server.requests).toEqual(["POST /prompt"]);
  });

  it("is looked up once when a wanted node, being cached, showed nothing", async () => {
    const { server, world, comfy, promptId } = await submitted();
    const ended = comfy.follow({ promptId, outputNodes: ["2"] });
    server.say("execution_cached", { nodes: ["1", "2"], prompt_id: promptId, timestamp: 1 });
    server.say("executed", { node: "2", display_node: "2", output: null, prompt_id: promptId });
    finish(world, promptId);
    server.say("execution_success", { prompt_id: promptId, timestamp: 2 });
    expect(await ended).toMatchObject({ type: "succeeded", outputs: { "2": output } });
    expect(server.requests).toEqual(["POST /prompt", `GET /history/${promptId}`]);
  });

  it("is said to run when it begins, without a look", async () => {
    const { server, world, comfy, promptId } = await submitted();
    const events: PromptEvent[] = [];
    const ended = comfy.follow({ promptId, onEvent: (event) => events.push(event) });
    server.say("execution_start", { prompt_id: promptId, timestamp: 1 });
    await until(() => events.length > 0);
    expect(events).toEqual([{ type: "running" }]);
    expect(server.requests).toEqual(["POST /prompt"]);
    finish(world, promptId);
    server.say("execution_success", { prompt_id: promptId, timestamp: 2 });
    await ended;
  });
});

describe("a prompt whose messages stop", () => {
  it("is looked for as soon as the socket ends", async () => {
    const { server, world, comfy, promptId } = await submitted();
    const ended = comfy.follow({ promptId });
    finish(world, promptId);
    for (const socket of [...server.sockets]) socket.terminate();
    expect(await ended).toMatchObject({ type: "succeeded" });
  });

  it("is believed to have ended only by what was heard over one connection", async () => {
    const { server, world, comfy, promptId } = await submitted();
    const ended = comfy.follow({ promptId });
    server.say("executed", { node: "2", display_node: "2", output, prompt_id: promptId });
    await comfy.queueRemaining().catch(() => undefined);
    for (const socket of [...server.sockets]) socket.terminate();
    await until(() => server.clientIds.length === 2 && server.sockets.length === 1);
    server.say("execution_success", { prompt_id: promptId, timestamp: 2 });
    await until(() => server.requests.some((request) => request.startsWith("GET /history")));
    finish(world, promptId);
    expect(await ended).toMatchObject({ type: "succeeded" });
  });

  it("is looked for when it is quiet for long, though the socket stands", async () => {
    const { world, comfy, promptId } = await submitted({ timeouts: { ...quick, pollMs: 60_000, quietMs: 30 } });
    const ended = comfy.follow({ promptId });
    finish(world, promptId);
    expect(await ended).toMatchObject({ type: "succeeded" });
  });
});

describe("a dead worker behind a live port", () => {
  it("is certain once prompts wait although nothing runs, look after look", async () => {
    const { world, comfy, promptId } = await submitted({ timeouts: quick });
    Object.assign(world, { running: [], pending: [promptId] });
    const events: PromptEvent[] = [];
    const ended = comfy.follow({ promptId, idleAfterMs: 100, onEvent: (event) => events.push(event) });
    await until(() => events.some(({ type }) => type === "stalled"));
    expect(events.find(({ type }) => type === "stalled")).toMatchObject({ isCertain: true });
    world.pending = [];
    finish(world, promptId);
    await ended;
  });

  it("is certain when a prompt is at work but never said that it begins, on a socket that hears all else", async () => {
    const { server, world, comfy, promptId } = await submitted({ timeouts: quick });
    server.say("status", { status: { exec_info: { queue_remaining: 1 } } });
    const events: PromptEvent[] = [];
    const ended = comfy.follow({ promptId, idleAfterMs: 100, onEvent: (event) => events.push(event) });
    await until(() => events.some(({ type }) => type === "stalled"));
    expect(events.find(({ type }) => type === "stalled")).toMatchObject({ isCertain: true });
    finish(world, promptId);
    await ended;
  });

  it("is not certain while a prompt that began is silent", async () => {
    const { server, world, comfy, promptId } = await submitted({ timeouts: quick });
    server.say("execution_start", { prompt_id: promptId, timestamp: 1 });
    const events: PromptEvent[] = [];
    const onEvent = (event: PromptEvent) => events.push(event);
    const ended = comfy.follow({ promptId, idleAfterMs: 1, stalledAfterMs: 300, onEvent });
    await until(() => events.some(({ type }) => type === "stalled"));
    expect(events.find(({ type }) => type === "stalled")).toMatchObject({ isCertain: false });
    finish(world, promptId);
    await ended;
  });

  it("is suspected when a stranger's prompt runs far longer than the bound, not before", async () => {
    const { world, comfy, promptId } = await submitted({ timeouts: quick });
    Object.assign(world, { running: ["stranger"], pending: [promptId] });
    const stalls: PromptEvent[] = [];
    const onEvent = (event: PromptEvent) => void (event.type === "stalled" && stalls.push(event));
    const ended = comfy.follow({ promptId, stalledAfterMs: 100, idleAfterMs: 1, onEvent });
    await until(() => stalls.length > 0);
    expect(stalls[0]).toMatchObject({ isCertain: false });
    expect(stalls[0]?.type === "stalled" && stalls[0].quietMs).toBeGreaterThanOrEqual(300);
    world.pending = [];
    finish(world, promptId);
    await ended;
  });
});

describe("the boot epoch", () => {
  it("is asked for once while the connection stands, and again after it ended", async () => {
    const { server, comfy } = await setUp({ timeouts: quick });
    const marker = { text: "" };
    server.on("GET /view", (_, response) => void response.end(marker.text));
    const reads = () => server.requests.filter((request) => request === "GET /view").length;
    const signal = new AbortController().signal;
    const [first, second] = [crypto.randomUUID(), crypto.randomUUID()];
    marker.text = first;
    for (const _ of [1, 2, 3]) expect(await comfy.bootEpoch(signal)).toBe(first);
    expect(reads()).toBe(1);
    marker.text = second;
    for (const socket of [...server.sockets]) socket.terminate();
    await expect.poll(() => comfy.bootEpoch(signal)).toBe(second);
  });

  it("is asked for again after a submission that went wrong", async () => {
    const { server, comfy, promptId } = await setUp({ timeouts: quick });
    server.on("GET /view", (_, response) => void response.end(promptId));
    server.on("POST /prompt", (_, response) => void response.writeHead(503).end());
    const signal = new AbortController().signal;
    await comfy.bootEpoch(signal);
    expect(await comfy.submit({ promptId, graph })).toMatchObject({ type: "unreachable" });
    await comfy.bootEpoch(signal);
    expect(server.requests).toEqual(["GET /view", "POST /prompt", "GET /view"]);
  });
});
