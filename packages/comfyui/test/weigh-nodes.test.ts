import { graph } from "@comfy/comfyui-contract";
import { describe, expect, it } from "vitest";
import { isOutOfMemory } from "../src/index.ts";
import { createProgressTracker } from "../src/progress.ts";
import { weighNodes } from "../src/weigh-nodes.ts";

const node = (class_type: string, inputs: object = {}) => ({ class_type, inputs });
const picture = graph.parse({
  load: node("CheckpointLoaderSimple", { ckpt_name: "a" }),
  words: node("CLIPTextEncode", { clip: ["load", 1], text: "a fox" }),
  sample: node("KSampler", { model: ["load", 0], positive: ["words", 0], steps: 25 }),
  save: node("SaveImage", { images: ["sample", 0] }),
});
const promptId = "p";

describe("the weight of a node", () => {
  it("is its steps for one that samples, wherever they stand, and one for all others", () => {
    expect(Object.fromEntries(weighNodes(picture))).toEqual({ load: 1, words: 1, sample: 50, save: 1 });
    const custom = graph.parse({
      scheduler: node("BasicScheduler", { steps: 4 }),
      choice: node("KSamplerSelect", { sampler_name: "euler" }),
      sample: node("SamplerCustomAdvanced", { sigmas: ["scheduler", 0] }),
    });
    expect(Object.fromEntries(weighNodes(custom))).toEqual({ scheduler: 1, choice: 1, sample: 8 });
    const film = graph.parse({ face: node("SONICSampler", { inference_steps: 10 }) });
    expect(Object.fromEntries(weighNodes(film))).toEqual({ face: 20 });
  });
});

describe("progress", () => {
  it("counts what was cached as done, gives sampling its share and ends at one", () => {
    const tracker = createProgressTracker(picture);
    tracker.apply({ type: "execution_cached", data: { nodes: ["load"], prompt_id: promptId, timestamp: 1 } });
    const at = tracker.apply({ type: "executing", data: { node: "words", prompt_id: promptId } });
    expect(at?.overall).toBeCloseTo(1 / 53);
    tracker.apply({ type: "executing", data: { node: "sample", prompt_id: promptId } });
    const half = tracker.apply({
      type: "progress",
      data: { node: "sample", value: 12.5, max: 25, prompt_id: promptId },
    });
    expect(half?.overall).toBeCloseTo(27 / 53);
    const end = tracker.apply({ type: "execution_success", data: { prompt_id: promptId, timestamp: 2 } });
    expect(end?.overall).toBe(1);
  });

  it("never falls, though a node turns out to be more work than it looked", () => {
    const tracker = createProgressTracker(graph.parse({ a: node("X"), b: node("Upscale", { a: ["a", 0] }) }));
    tracker.apply({ type: "executing", data: { node: "a", prompt_id: promptId } });
    const before = tracker.apply({ type: "executing", data: { node: "b", prompt_id: promptId } });
    const after = tracker.apply({ type: "progress", data: { node: "b", value: 1, max: 40, prompt_id: promptId } });
    expect(before?.overall).toBe(0.5);
    expect(after?.overall).toBe(0.5);
  });
});

describe("out of memory", () => {
  const failure = { type: "failed", nodeId: "1", nodeType: "KSampler", outputs: {} } as const;
  it.each([
    ["torch.OutOfMemoryError", "Allocation on device 0 would exceed allowed memory.", true],
    ["torch.cuda.OutOfMemoryError", "CUDA out of memory.", true],
    ["RuntimeError", "CUDA out of memory. Tried to allocate 2.00 GiB", true],
    ["torch.AcceleratorError", "CUDA error: out of memory", true],
    ["RuntimeError", "CUDA error: an illegal memory access was encountered", false],
    ["ValueError", "The picture is out of memory range", false],
  ])("%s: %s", (exceptionType, exceptionMessage, expected) => {
    expect(isOutOfMemory({ ...failure, exceptionType, exceptionMessage })).toBe(expected);
  });
});
