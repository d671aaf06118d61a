import { describe, expect, it } from "vitest";
import { createExecutionOrder } from "./order.ts";

function runAll(links: Readonly<Record<string, readonly string[]>>, outputs: readonly string[], cached: string[] = []) {
  const order = createExecutionOrder({
    sourcesOf: (nodeId) => links[nodeId] ?? [],
    isOutput: (nodeId) => outputs.includes(nodeId),
    isCached: (nodeId) => cached.includes(nodeId),
  });
  for (const output of outputs) order.add(output);
  const visited: string[] = [];
  for (let nodeId = order.next(); nodeId !== undefined; nodeId = order.next()) {
    visited.push(nodeId);
    order.complete(nodeId);
  }
  return visited;
}

const textToImage = {
  save: ["decode"],
  decode: ["sampler", "ckpt"],
  sampler: ["ckpt", "pos", "neg", "latent"],
  pos: ["ckpt"],
  neg: ["ckpt"],
};

describe("the order of execution", () => {
  it("is the recorded one for text to image", () => {
    const expected = ["ckpt", "latent", "neg", "pos", "sampler", "decode", "save"];
    expect(runAll(textToImage, ["save"])).toEqual(expected);
  });

  it("prefers a ready output to everything else", () => {
    expect(runAll({ save: ["invert"], invert: ["image"], preview: ["image"] }, ["save", "preview"])).toEqual([
      "image",
      "preview",
      "invert",
      "save",
    ]);
  });

  it("does not visit what is cached, except an output that was asked for", () => {
    expect(runAll(textToImage, ["save"], ["ckpt", "pos", "neg", "latent"])).toEqual(["sampler", "decode", "save"]);
    expect(runAll(textToImage, ["save"], ["ckpt", "pos", "neg", "latent", "sampler", "decode", "save"])).toEqual([
      "save",
    ]);
  });

  it("visits a diamond's corners once", () => {
    expect(runAll({ end: ["left", "right"], left: ["start"], right: ["start"] }, ["end"])).toEqual([
      "start",
      "right",
      "left",
      "end",
    ]);
  });
});
