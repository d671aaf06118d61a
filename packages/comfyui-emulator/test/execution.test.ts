import { describe, expect, it } from "vitest";
import type { ExtraNode, NodeClass } from "../src/index.ts";
import {
  exampleGraph,
  get,
  listen,
  openEmulator,
  post,
  run,
  smallGraph,
  submit,
  until,
  waitForHistory,
} from "./session.ts";

function extraNode(nodeClass: NodeClass, isOutput = false): ExtraNode {
  const info = {
    input: { required: { image: ["IMAGE", {}] } },
    output: isOutput ? [] : ["IMAGE"],
    name: nodeClass.classType,
    output_node: isOutput,
  };
  return { nodeClass, info };
}

const blocking = extraNode({ classType: "Block", run: () => ({ outputs: [], blocked: { message: "not today" } }) });

describe("a blocked branch", () => {
  it("looks like an error on the socket, but the run succeeds and the history is silent", async () => {
    const emulator = await openEmulator({ extraNodes: [blocking] });
    const listener = await listen(emulator, "watcher");
    const graph = {
      ...smallGraph(),
      block: { class_type: "Block", inputs: { image: ["a", 0] } },
      never: { class_type: "SaveImage", inputs: { images: ["block", 0], filename_prefix: "never" } },
    };
    const entry = await run(emulator, graph, { client_id: "watcher" });
    await listener.next(({ type, data }) => type === "executing" && data.node === null);
    const error = listener.messages.find(({ type }) => type === "execution_error")?.data;
    expect(error).toMatchObject({ exception_type: "ExecutionBlocked", node_id: "never" });
    expect(error).not.toHaveProperty("timestamp");
    expect(entry.status.completed).toBe(true);
    expect(Object.keys(entry.outputs)).toEqual(["save"]);
    expect(entry.status.messages.map(([type]) => type)).not.toContain("execution_error");
  });
});

describe("the cache", () => {
  const fileOf = (entry: Awaited<ReturnType<typeof run>>) => entry.outputs.save?.images?.[0]?.filename;

  it("keeps the last graph only: A, B, A makes A twice", async () => {
    const emulator = await openEmulator();
    const names: unknown[] = [];
    for (const color of [1, 2, 1, 1]) names.push(fileOf(await run(emulator, smallGraph(color))));
    expect(names).toEqual(["small_00001_.png", "small_00002_.png", "small_00003_.png", "small_00003_.png"]);
  });

  it("keeps as many graphs as --cache-lru says", async () => {
    const emulator = await openEmulator({ cache: { lru: 2 } });
    const names: unknown[] = [];
    for (const color of [1, 2, 1]) names.push(fileOf(await run(emulator, smallGraph(color))));
    expect(names).toEqual(["small_00001_.png", "small_00002_.png", "small_00001_.png"]);
  });

  it("keeps nothing with --cache-none", async () => {
    const emulator = await openEmulator({ cache: "none" });
    const names = [fileOf(await run(emulator, smallGraph())), fileOf(await run(emulator, smallGraph()))];
    expect(names).toEqual(["small_00001_.png", "small_00002_.png"]);
  });

  it("is emptied by /free", async () => {
    const emulator = await openEmulator();
    await run(emulator, smallGraph());
    await post(emulator, "/free", { free_memory: true });
    expect(fileOf(await run(emulator, smallGraph()))).toBe("small_00002_.png");
  });

  it("does not know node ids: a renamed node is found again, and shown under its new name", async () => {
    const emulator = await openEmulator();
    const { a, save } = smallGraph();
    await run(emulator, smallGraph());
    const entry = await run(emulator, {
      first: a ?? { class_type: "", inputs: {} },
      last: { class_type: "SaveImage", inputs: { ...save?.inputs, images: ["first", 0] } },
    });
    expect(entry.outputs.last?.images?.[0]?.filename).toBe("small_00001_.png");
    expect(Object(entry).meta.last.node_id).toBe("save");
  });
});

describe("validation", () => {
  it("keeps seeds exact up to 2^64-1, and refuses 2^64", async () => {
    const emulator = await openEmulator();
    const graph = (seed: string) =>
      `{"prompt":{"n":{"class_type":"RandomNoise","inputs":{"noise_seed":${seed}}},"p":{"class_type":"PreviewAny","inputs":{"source":["n",0]}}}}`;
    const good = await post(emulator, "/prompt", graph("18446744073709551615"));
    const { prompt_id: id }: { prompt_id: string } = JSON.parse(await good.text());
    await waitForHistory(emulator, id);
    expect(await (await get(emulator, `/history/${id}`)).text()).toContain('"noise_seed": 18446744073709551615}');
    const bad = await post(emulator, "/prompt", graph("18446744073709551616"));
    expect(await bad.text()).toContain("Value 18446744073709551616 bigger than max of 18446744073709551615");
  });

  it("takes -1 for the last output, and a wrapped list for a constant", async () => {
    const emulator = await openEmulator();
    const graph = smallGraph();
    Object.assign(graph.save?.inputs ?? {}, { images: ["a", -1], filename_prefix: { __value__: ["x"] } });
    const entry = await run(emulator, graph);
    expect(entry.outputs.save?.images?.[0]?.filename).toBe("['x']_00001_.png");
  });

  it("of the newer profile checks new combos, names circles and unknown classes", async () => {
    const emulator = await openEmulator({ profile: "newer" });
    const answer = async (prompt: unknown) => (await post(emulator, "/prompt", { prompt })).text();
    const blend = { image1: ["a", 0], image2: ["a", 0], blend_factor: 0.5, blend_mode: "burn" };
    const { a, save } = smallGraph();
    const saved = { ...save, inputs: { images: ["b", 0], filename_prefix: "x" } };
    expect(await answer({ a, b: { class_type: "ImageBlend", inputs: blend }, save: saved })).toContain(
      "value_not_in_list",
    );
    const circle = { class_type: "ImageInvert", inputs: { image: ["b", 0] } };
    expect(await answer({ b: circle, save: saved })).toContain("dependency_cycle");
    expect(await answer({ b: { class_type: "Nope", inputs: {} } })).toContain("missing_node_type");
  });
});

describe("an interrupt", () => {
  it("is forgotten when the next prompt starts", async () => {
    const emulator = await openEmulator();
    await post(emulator, "/interrupt", "");
    expect((await run(emulator, smallGraph())).status.completed).toBe(true);
  });

  it("stops a sampler between two steps", async () => {
    const emulator = await openEmulator({ speed: 1, stepMs: 5 });
    const listener = await listen(emulator, "watcher");
    const id = await submit(emulator, exampleGraph("tiny_slow_interruptible"), { client_id: "watcher" });
    await listener.next(({ type }) => type === "progress");
    await post(emulator, "/interrupt", { prompt_id: id });
    const entry = await waitForHistory(emulator, id);
    expect(entry.status).toMatchObject({ status_str: "error", completed: false });
    expect(entry.status.messages.at(-1)).toMatchObject([
      "execution_interrupted",
      { node_id: "sampler", executed: expect.any(Array) },
    ]);
    await until(async () => (listener.messages.at(-1)?.data.node === null ? true : undefined));
  });
});
