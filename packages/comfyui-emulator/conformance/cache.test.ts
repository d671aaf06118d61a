import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendJson } from "./http.ts";
import { freshGraph, type Graph, run } from "./prompts.ts";
import { connect, isClosing } from "./socket.ts";
import { openTarget, type Target } from "./target.ts";

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

/** The nodes that a run took from the cache. */
async function cachedIn(graph: Graph): Promise<unknown> {
  const { status } = await run(target.url, graph);
  const [, data] = status?.messages.find(([type]) => type === "execution_cached") ?? [];
  return Object(data).nodes.toSorted();
}

describe("the cache", () => {
  it("answers a repeated graph with the old file names and writes nothing", async () => {
    const graph = freshGraph();
    const first = await run(target.url, graph);
    const second = await run(target.url, graph);
    expect(second.outputs).toEqual(first.outputs);
    expect(await cachedIn(graph)).toEqual(["image", "save"]);
  });

  it("does not know nodes by their ids or titles", async () => {
    const { image, save } = freshGraph();
    await run(target.url, { image, save } as Graph);
    const renamed = {
      1: { ...image, _meta: { title: "renamed" } },
      2: { ...save, inputs: { ...save?.inputs, images: ["1", 0] } },
    };
    expect(await cachedIn(renamed as unknown as Graph)).toEqual(["1", "2"]);
  });

  it("runs again what depends on a changed constant, and only that", async () => {
    const graph = freshGraph();
    await run(target.url, graph);
    const { image, save } = graph;
    const changed = { image, save: { ...save, inputs: { ...save?.inputs, filename_prefix: "conformance/changed" } } };
    expect(await cachedIn(changed as Graph)).toEqual(["image"]);
  });

  it("up to 0.3.64 keeps the last graph only", async ({ skip }) => {
    skip(target.isNewer, "newer servers keep what fits in memory");
    const [a, b] = [freshGraph(), freshGraph()];
    await run(target.url, a);
    await run(target.url, b);
    expect(await cachedIn(a)).toEqual([]);
  });

  it("is dropped by POST /free with free_memory", async () => {
    const graph = freshGraph();
    await run(target.url, graph);
    const answer = await sendJson(target.url, "/free", { unload_models: true, free_memory: true });
    expect([answer.status, answer.text]).toEqual([200, ""]);
    // The wish is fulfilled by the worker between two prompts.
    await run(target.url, graph);
    await run(target.url, freshGraph());
    expect(await cachedIn(graph)).toEqual([]);
  });

  it("keeps the finished nodes of a failed prompt, so that a retry goes on after them", async ({ skip }) => {
    skip(!(await target.hasClass("SplitAudioChannels")), "the server has no audio nodes");
    const duration = Math.random();
    const graph = {
      a: { class_type: "EmptyAudio", inputs: { duration, sample_rate: 16000, channels: 1 } },
      b: { class_type: "SplitAudioChannels", inputs: { audio: ["a", 0] } },
      c: { class_type: "SaveAudio", inputs: { audio: ["b", 0], filename_prefix: "conformance/never" } },
    };
    await expect(run(target.url, graph)).rejects.toThrow("only one channel");
    await expect(run(target.url, graph)).rejects.toThrow('["execution_cached",{"nodes":["a"]');
  });

  it("sends `executed` for cached outputs, too", async () => {
    const graph = freshGraph();
    const { outputs } = await run(target.url, graph);
    const socket = await connect(target.url, "cache-listener");
    try {
      const { prompt } = await run(target.url, graph, { client_id: socket.clientId });
      await socket.until("the end", isClosing(prompt[1]));
      const executed = socket.frames.filter(({ type }) => type === "executed");
      expect(executed).toMatchObject([{ data: { node: "save", output: outputs.save } }]);
      expect(
        socket.frames.some((frame) => "data" in frame && frame.type === "executing" && frame.data.node !== null),
      ).toBe(false);
    } finally {
      await socket.close();
    }
  });
});
