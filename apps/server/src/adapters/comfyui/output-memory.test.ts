import { describe, expect, it } from "vitest";
import { createOutputMemory } from "./output-memory.ts";

describe("the memory in which outputs are gathered", () => {
  it("is given to small files alone", () => {
    const memory = createOutputMemory();
    expect(memory.take(4 * 1024 * 1024)).toHaveLength(4 * 1024 * 1024);
    expect(memory.take(4 * 1024 * 1024 + 1)).toBeUndefined();
    expect(memory.take(0)).toHaveLength(0);
  });

  it("is bounded for all files together, and comes back", () => {
    const memory = createOutputMemory(100);
    const first = memory.take(60);
    expect(memory.take(60)).toBeUndefined();
    if (first) memory.giveBack(first);
    expect(memory.take(60)).toHaveLength(60);
  });
});
