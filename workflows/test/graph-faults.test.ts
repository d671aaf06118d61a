import type { Graph } from "@comfy/comfyui-contract";
import { describe, expect, it } from "vitest";
import { fullBackend } from "./backend.ts";
import { findGraphFaults } from "./graph-faults.ts";

const sound: Graph = {
  ckpt: { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "sd_xl_base_1.0.safetensors" } },
  pos: { class_type: "CLIPTextEncode", inputs: { text: "a", clip: ["ckpt", 1] } },
  neg: { class_type: "CLIPTextEncode", inputs: { text: "b", clip: ["ckpt", 1] } },
  latent: { class_type: "EmptyLatentImage", inputs: { width: 512, height: 512, batch_size: 1 } },
  sampler: {
    class_type: "KSampler",
    inputs: {
      ...{ model: ["ckpt", 0], positive: ["pos", 0], negative: ["neg", 0], latent_image: ["latent", 0] },
      ...{ seed: 1, steps: 5, cfg: 6.5, sampler_name: "euler", scheduler: "karras", denoise: 1 },
    },
  },
  decode: { class_type: "VAEDecode", inputs: { samples: ["sampler", 0], vae: ["ckpt", 2] } },
  save: { class_type: "SaveImage", inputs: { images: ["decode", 0], filename_prefix: "x" } },
};

/** The sound graph with inputs of one node replaced; `undefined` takes an input away. */
function broken(node: string, inputs: Record<string, unknown>): string[] {
  const graph = structuredClone(sound);
  const target = graph[node];
  if (!target) throw new RangeError(node);
  Object.assign(target.inputs, inputs);
  for (const [input, value] of Object.entries(inputs)) if (value === undefined) delete target.inputs[input];
  return findGraphFaults(graph, fullBackend);
}

describe("the graph checker", () => {
  it("finds nothing in a sound graph", () => {
    expect(findGraphFaults(sound, fullBackend)).toEqual([]);
  });

  it.each([
    ["a missing input", "sampler", { cfg: undefined }, "sampler.cfg is missing"],
    ["an input the class does not have", "latent", { depth: 1 }, "latent.depth is not an input of EmptyLatentImage"],
    [
      "a word outside a list",
      "sampler",
      { sampler_name: "euler_b" },
      'sampler.sampler_name is "euler_b", which is not in its list',
    ],
    ["a number in place of a word", "sampler", { scheduler: 1 }, "sampler.scheduler is 1, not one of a list"],
    [
      "a model that is not there",
      "ckpt",
      { ckpt_name: "x.ckpt" },
      'ckpt.ckpt_name is "x.ckpt", which is not in its list',
    ],
    ["a number below the range", "sampler", { steps: 0 }, "sampler.steps is 0, below 1"],
    ["a number above the range", "sampler", { cfg: 101 }, "sampler.cfg is 101, above 100"],
    ["a number off the grid", "latent", { width: 515 }, "latent.width is 515, not a multiple of 8"],
    ["a fraction for an integer", "sampler", { steps: 2.5 }, "sampler.steps is 2.5, not an integer"],
    ["text for a number", "sampler", { seed: "1" }, 'sampler.seed is "1", not a number'],
    ["a number for text", "pos", { text: 1 }, "pos.text is 1, not text"],
    ["a constant where only a link fits", "decode", { vae: "ae" }, "decode.vae takes VAE, which only a link can give"],
    ["a link of another type", "decode", { vae: ["ckpt", 0] }, "decode.vae takes VAE, but is linked to MODEL"],
    [
      "a link to an output that is not there",
      "decode",
      { vae: ["ckpt", 3] },
      "decode.vae links to output 3 of CheckpointLoaderSimple, which has 3",
    ],
    ["a link to no node", "decode", { vae: ["gone", 0] }, 'decode.vae links to node "gone", which is not in the graph'],
    ["a node nobody needs", "decode", { samples: ["latent", 0] }, "sampler leads to no output"],
    ["a hidden input", "save", { prompt: {} }, "save.prompt is not an input of SaveImage"],
  ])("names %s", (_what, node, inputs, fault) => {
    expect(broken(node, inputs)).toContain(fault);
  });

  it("names a class that does not exist, a cycle, and a graph that saves nothing", () => {
    const { save: _save, ...unsaved } = sound;
    expect(findGraphFaults(unsaved, fullBackend)).toContain("the graph has no output node");
    expect(findGraphFaults({ a: { class_type: "Nope", inputs: {} } }, fullBackend)).toContain(
      "a is a Nope, which does not exist",
    );
    const loop: Graph = {
      a: { class_type: "ImageInvert", inputs: { image: ["b", 0] } },
      b: { class_type: "ImageInvert", inputs: { image: ["a", 0] } },
      save: { class_type: "SaveImage", inputs: { images: ["b", 0], filename_prefix: "x" } },
    };
    expect(findGraphFaults(loop, fullBackend)).toEqual(["the graph has a cycle"]);
  });
});
