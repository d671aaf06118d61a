import { describe, expect, it } from "vitest";
import { emptyWorld, startClient, startServer } from "./parts.ts";
import { answerFrom, historyOf, json, successOf } from "./scripted-server.ts";

async function setUp() {
  const server = await startServer();
  const world = emptyWorld();
  answerFrom(server, world);
  const promptId = crypto.randomUUID();
  const interrupts: unknown[] = [];
  server.on("POST /queue", (request, response) => {
    const { delete: ids } = JSON.parse(request.text);
    world.pending = world.pending.filter((id) => !ids.includes(id));
    response.end();
  });
  server.on("POST /interrupt", (request, response) => {
    interrupts.push(JSON.parse(request.text));
    response.end();
  });
  const interrupted = historyOf(promptId, ["execution_interrupted", { prompt_id: promptId }]);
  return { server, world, comfy: startClient(server.url), promptId, interrupts, interrupted };
}

describe("cancel", () => {
  it("takes a waiting prompt out of the queue and interrupts nobody", async () => {
    const { world, comfy, promptId, interrupts } = await setUp();
    Object.assign(world, { running: ["a-stranger"], pending: [promptId, "another"] });
    expect(await comfy.cancel({ promptId })).toEqual({ type: "dequeued" });
    expect(world.pending).toEqual(["another"]);
    expect(interrupts).toEqual([]);
  });

  it("interrupts a running prompt by its id and waits until it has stopped", async () => {
    const { server, world, comfy, promptId, interrupts, interrupted } = await setUp();
    world.running.push(promptId);
    server.on("POST /interrupt", (request, response) => {
      interrupts.push(JSON.parse(request.text));
      world.running = [];
      world.history[promptId] = interrupted;
      response.end();
    });
    expect(await comfy.cancel({ promptId })).toMatchObject({ type: "done", outcome: { type: "interrupted" } });
    expect(interrupts).toEqual([{ prompt_id: promptId }]);
  });

  it("interrupts a prompt that began to run while it was being taken out", async () => {
    const { server, world, comfy, promptId, interrupted } = await setUp();
    world.pending.push(promptId);
    server.on("POST /queue", (_, response) => {
      Object.assign(world, { running: [promptId], pending: [] });
      response.end();
    });
    server.on("POST /interrupt", (_, response) => {
      world.running = [];
      world.history[promptId] = interrupted;
      response.end();
    });
    expect(await comfy.cancel({ promptId })).toMatchObject({ type: "done", outcome: { type: "interrupted" } });
  });

  it("says `stopping` when a node does not listen, after saying it more than once", async () => {
    const { world, comfy, promptId, interrupts } = await setUp();
    world.running.push(promptId);
    expect(await comfy.cancel({ promptId, waitMs: 700 })).toEqual({ type: "stopping" });
    expect(interrupts).toHaveLength(2);
    expect(interrupts.every((body) => JSON.stringify(body) === JSON.stringify({ prompt_id: promptId }))).toBe(true);
  });

  it("leaves success and strangers alone", async () => {
    const { server, world, comfy, promptId } = await setUp();
    world.history[promptId] = successOf(promptId);
    expect(await comfy.cancel({ promptId })).toMatchObject({ type: "done", outcome: { type: "succeeded" } });
    expect(await comfy.cancel({ promptId: crypto.randomUUID() })).toEqual({ type: "unknown" });
    expect(server.requests.some((request) => request.startsWith("POST"))).toBe(false);
  });

  it("uses the atomic cancel of newer servers", async () => {
    const { server, world, comfy, promptId, interrupts, interrupted } = await setUp();
    world.running.push(promptId);
    server.on(`POST /api/jobs/${promptId}/cancel`, (_, response) => {
      world.running = [];
      world.history[promptId] = interrupted;
      json(response, { cancelled: true });
    });
    expect(await comfy.cancel({ promptId })).toMatchObject({ type: "done", outcome: { type: "interrupted" } });
    expect(interrupts).toEqual([]);
  });
});

describe("find", () => {
  it("looks at the queue first and at the history second", async () => {
    const { server, world, comfy, promptId } = await setUp();
    world.history[promptId] = successOf(promptId);
    expect(await comfy.find(promptId)).toMatchObject({ type: "done", outcome: { type: "succeeded" } });
    expect(server.requests).toEqual(["GET /queue", `GET /history/${promptId}`]);
  });

  it("counts who goes first in execution order, not in the heap's order", async () => {
    const { server, comfy, promptId } = await setUp();
    const item = (number: number, id: string) => [number, id, {}, {}, []];
    server.on("GET /queue", (_, response) =>
      json(response, {
        queue_running: [item(0, "r")],
        queue_pending: [item(1, "a"), item(9, promptId), item(3, "b"), item(12, "c"), [2, "None", null, null, null, 6]],
      }),
    );
    expect(await comfy.find(promptId)).toMatchObject({ type: "queued", position: 4 });
  });

  it("says `unknown` for a stranger's id", async () => {
    const { comfy } = await setUp();
    expect(await comfy.find("constructor")).toEqual({ type: "unknown" });
  });
});
