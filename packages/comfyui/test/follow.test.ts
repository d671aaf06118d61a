import { describe, expect, it } from "vitest";
import type { PromptEvent } from "../src/index.ts";
import { emptyWorld, finish, quick, setUp, startServer, until } from "./parts.ts";
import { answerFrom, graph, historyOf, json, type ScriptedServer } from "./scripted-server.ts";

const failed = (promptId: string): [string, object] => [
  "execution_error",
  {
    prompt_id: promptId,
    node_id: "1",
    node_type: "EmptyImage",
    exception_type: "ValueError",
    exception_message: "No.\n",
    executed: [],
    traceback: [],
  },
];

const historyReads = (server: ScriptedServer) =>
  server.requests.filter((request) => request.startsWith("GET /history"));

describe("follow", () => {
  it("ends at once when the socket speaks, long before the next look", async () => {
    const { server, world, comfy, promptId } = await setUp({ timeouts: { ...quick, pollMs: 10_000 } });
    await comfy.submit({ promptId, graph });
    const ended = comfy.follow({ promptId });
    finish(world, promptId);
    server.say("execution_success", { prompt_id: promptId, timestamp: 1 });
    expect(await ended).toMatchObject({
      type: "succeeded",
      outputs: { "2": { images: [{ filename: "a_00001_.png" }] } },
    });
  });

  it("hears what was said between the answer and the call to follow", async () => {
    const { server, world, comfy, promptId } = await setUp({ timeouts: { ...quick, pollMs: 10_000 } });
    await comfy.submit({ promptId, graph });
    server.say("executing", { node: "1", display_node: "1", prompt_id: promptId });
    finish(world, promptId);
    server.say("execution_success", { prompt_id: promptId });
    await comfy.queueRemaining().catch(() => undefined);
    const events: PromptEvent[] = [];
    expect(await comfy.follow({ promptId, onEvent: (event) => events.push(event) })).toMatchObject({
      type: "succeeded",
    });
    expect(events).toContainEqual({
      type: "progress",
      node: "1",
      classType: "EmptyImage",
      step: 0,
      steps: 1,
      overall: 1,
    });
  });

  it("waits for the history entry when success is announced before it exists", async () => {
    const { server, world, comfy, promptId } = await setUp({ timeouts: { ...quick, pollMs: 10_000 } });
    await comfy.submit({ promptId, graph });
    const ended = comfy.follow({ promptId });
    server.say("execution_success", { prompt_id: promptId });
    await until(() => historyReads(server).length >= 2);
    finish(world, promptId);
    expect(await ended).toMatchObject({ type: "succeeded" });
  });

  it("sees an error within a second, with node and exception", async () => {
    const { server, world, comfy, promptId } = await setUp({ timeouts: { ...quick, pollMs: 10_000 } });
    await comfy.submit({ promptId, graph });
    const ended = comfy.follow({ promptId });
    finish(world, promptId, historyOf(promptId, failed(promptId)));
    server.say(...failed(promptId));
    expect(await ended).toMatchObject({
      type: "failed",
      nodeId: "1",
      nodeType: "EmptyImage",
      exceptionType: "ValueError",
      exceptionMessage: "No.",
    });
  });

  it("does not take a blocked branch for the end", async () => {
    const { server, world, comfy, promptId } = await setUp();
    await comfy.submit({ promptId, graph });
    const ended = comfy.follow({ promptId });
    const [type, data] = failed(promptId);
    server.say(type, { ...data, exception_type: "ExecutionBlocked" });
    await until(() => server.requests.filter((request) => request === "GET /queue").length >= 2);
    finish(world, promptId);
    expect(await ended).toMatchObject({ type: "succeeded" });
  });

  it("needs no socket at all", async () => {
    const { server, world, comfy, promptId } = await setUp();
    await comfy.submit({ promptId, graph });
    for (const socket of [...server.sockets]) socket.terminate();
    const ended = comfy.follow({ promptId });
    finish(world, promptId, historyOf(promptId, ["execution_interrupted", { prompt_id: promptId, node_id: "2" }]));
    expect(await ended).toMatchObject({ type: "interrupted", nodeId: "2" });
  });

  it("says where the prompt waits and when it runs, each once", async () => {
    const { server, world, comfy, promptId } = await setUp();
    Object.assign(world, { running: ["stranger"], pending: [promptId] });
    const events: PromptEvent[] = [];
    const ended = comfy.follow({ promptId, onEvent: (event) => events.push(event) });
    await until(() => server.requests.length >= 3);
    Object.assign(world, { running: [promptId], pending: [] });
    await until(() => events.some(({ type }) => type === "running"));
    finish(world, promptId);
    await ended;
    expect(events).toEqual([{ type: "queued", position: 1 }, { type: "running" }]);
  });

  it("learns the graph of a prompt that another process sent", async () => {
    const { server, world, comfy, promptId } = await setUp();
    world.running.push(promptId);
    const events: PromptEvent[] = [];
    const ended = comfy.follow({ promptId, onEvent: (event) => events.push(event) });
    await until(() => events.some(({ type }) => type === "running") && server.sockets.length > 0);
    server.say("progress", { value: 1, max: 2, prompt_id: promptId, node: "1" });
    server.say("executing", { node: "2", display_node: "2", prompt_id: promptId });
    await until(() => events.some(({ type }) => type === "progress"));
    finish(world, promptId);
    await ended;
    expect(events.at(-1)).toMatchObject({ type: "progress", node: "2", classType: "SaveImage" });
  });

  it("looks twice before it says `vanished`", async () => {
    const { server, comfy, promptId } = await setUp();
    expect(await comfy.follow({ promptId })).toEqual({ type: "vanished" });
    expect(historyReads(server)).toHaveLength(2);
  });

  it("keeps what the socket told when history was cleared by somebody", async () => {
    const { server, world, comfy, promptId } = await setUp();
    await comfy.submit({ promptId, graph });
    const ended = comfy.follow({ promptId, outputNodes: ["1", "2"] });
    const output = { images: [{ filename: "b.png", subfolder: "", type: "output" }] };
    server.say("executed", { node: "2", display_node: "2", output, prompt_id: promptId });
    server.say("execution_success", { prompt_id: promptId });
    await until(() => historyReads(server).length > 0);
    world.running = [];
    expect(await ended).toEqual({ type: "succeeded", outputs: { "2": output } });
  });

  it("throws the caller's reason when aborted, and leaves the prompt alone", async () => {
    const { server, world, comfy, promptId } = await setUp();
    await comfy.submit({ promptId, graph });
    const controller = new AbortController();
    const ended = comfy.follow({ promptId, signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(ended).rejects.toThrow("enough");
    expect(world.running).toEqual([promptId]);
    expect(server.requests.some((request) => request.includes("interrupt"))).toBe(false);
  });

  it("survives a listener that throws", async () => {
    const { world, comfy, promptId } = await setUp();
    world.running.push(promptId);
    const ended = comfy.follow({
      promptId,
      onEvent: () => {
        finish(world, promptId);
        throw new Error("a bug of the listener");
      },
    });
    expect(await ended).toMatchObject({ type: "succeeded" });
  });
});

describe("follow, when the server is in trouble", () => {
  it("tells of a prompt that runs without a sign of life", async () => {
    const { world, comfy, promptId } = await setUp();
    await comfy.submit({ promptId, graph });
    const events: PromptEvent[] = [];
    const ended = comfy.follow({ promptId, stalledAfterMs: 100, onEvent: (event) => events.push(event) });
    await until(() => events.filter(({ type }) => type === "stalled").length === 2);
    finish(world, promptId);
    await ended;
    expect(events.find((event) => event.type === "stalled")?.quietMs).toBeGreaterThanOrEqual(100);
  });

  it("rides out a server that is away for a while", async () => {
    const { server, world, comfy, promptId } = await setUp();
    await comfy.submit({ promptId, graph });
    const events: PromptEvent[] = [];
    const ended = comfy.follow({ promptId, onEvent: (event) => events.push(event) });
    const port = Number(new URL(server.url).port);
    await server.close();
    await until(() => events.some(({ type }) => type === "unreachable"));
    const back = await startServer(port);
    finish(world, promptId);
    answerFrom(back, world);
    expect(await ended).toMatchObject({ type: "succeeded" });
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(["unreachable", "reachable"]));
  });

  it("says `vanished` after a restart that forgot everything", async () => {
    const { server, comfy, promptId } = await setUp();
    await comfy.submit({ promptId, graph });
    const ended = comfy.follow({ promptId });
    await server.close();
    answerFrom(await startServer(Number(new URL(server.url).port)), emptyWorld());
    expect(await ended).toEqual({ type: "vanished" });
  });

  it("gives up after the bound when the server stays away", async () => {
    const { server, comfy, promptId } = await setUp();
    await comfy.submit({ promptId, graph });
    await server.close();
    const ended = await comfy.follow({ promptId, unreachableAfterMs: 150 });
    expect(ended).toMatchObject({ type: "unreachable" });
    expect(ended.type === "unreachable" && ended.sinceMs).toBeGreaterThanOrEqual(150);
  });

  it("does not mistake errors of the server for a lost prompt", async () => {
    const { server, world, comfy, promptId } = await setUp();
    await comfy.submit({ promptId, graph });
    let failures = 0;
    server.on("GET /queue", (_, response) => {
      failures += 1;
      if (failures < 4) response.writeHead(500).end("500 Internal Server Error");
      else json(response, { queue_running: [], queue_pending: [] });
    });
    finish(world, promptId);
    expect(await comfy.follow({ promptId })).toMatchObject({ type: "succeeded" });
  });
});
