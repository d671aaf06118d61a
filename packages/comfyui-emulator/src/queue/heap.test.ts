import { describe, expect, it } from "vitest";
import { createHeap } from "./heap.ts";

/** What Python's heapq did, step by step: the operation, its value, and the list afterwards. */
const recorded: readonly (readonly [string, number, readonly number[]])[] = [
  ["push", 19, [19]],
  ["push", 6, [6, 19]],
  ["push", 68, [6, 19, 68]],
  ["push", 74, [6, 19, 68, 74]],
  ["push", 64, [6, 19, 68, 74, 64]],
  ["push", 11, [6, 19, 11, 74, 64, 68]],
  ["push", 8, [6, 19, 8, 74, 64, 68, 11]],
  ["push", 70, [6, 19, 8, 70, 64, 68, 11, 74]],
  ["push", 72, [6, 19, 8, 70, 64, 68, 11, 74, 72]],
  ["push", 28, [6, 19, 8, 70, 28, 68, 11, 74, 72, 64]],
  ["push", 74, [6, 19, 8, 70, 28, 68, 11, 74, 72, 64, 74]],
  ["remove", 64, [6, 19, 8, 70, 28, 68, 11, 74, 72, 74]],
  ["push", 6, [6, 6, 8, 70, 19, 68, 11, 74, 72, 74, 28]],
  ["remove", 6, [6, 8, 11, 19, 28, 70, 74, 72, 74, 68]],
  ["push", 17, [6, 8, 11, 19, 17, 70, 74, 72, 74, 68, 28]],
  ["push", 18, [6, 8, 11, 19, 17, 18, 74, 72, 74, 68, 28, 70]],
  ["push", 73, [6, 8, 11, 19, 17, 18, 74, 72, 74, 68, 28, 70, 73]],
  ["push", 87, [6, 8, 11, 19, 17, 18, 74, 72, 74, 68, 28, 70, 73, 87]],
  ["push", 74, [6, 8, 11, 19, 17, 18, 74, 72, 74, 68, 28, 70, 73, 87, 74]],
  ["push", 24, [6, 8, 11, 19, 17, 18, 74, 24, 74, 68, 28, 70, 73, 87, 74, 72]],
  ["push", 70, [6, 8, 11, 19, 17, 18, 74, 24, 74, 68, 28, 70, 73, 87, 74, 72, 70]],
  ["pop", 6, [8, 17, 11, 19, 28, 18, 74, 24, 74, 68, 70, 70, 73, 87, 74, 72]],
  ["push", 79, [8, 17, 11, 19, 28, 18, 74, 24, 74, 68, 70, 70, 73, 87, 74, 72, 79]],
  ["push", 87, [8, 17, 11, 19, 28, 18, 74, 24, 74, 68, 70, 70, 73, 87, 74, 72, 79, 87]],
  ["push", 99, [8, 17, 11, 19, 28, 18, 74, 24, 74, 68, 70, 70, 73, 87, 74, 72, 79, 87, 99]],
  ["push", 74, [8, 17, 11, 19, 28, 18, 74, 24, 74, 68, 70, 70, 73, 87, 74, 72, 79, 87, 99, 74]],
  ["remove", 70, [8, 17, 11, 19, 28, 18, 72, 24, 74, 68, 70, 73, 87, 74, 74, 79, 87, 99, 74]],
  ["push", 23, [8, 17, 11, 19, 23, 18, 72, 24, 74, 28, 70, 73, 87, 74, 74, 79, 87, 99, 74, 68]],
  ["pop", 8, [11, 17, 18, 19, 23, 68, 72, 24, 74, 28, 70, 73, 87, 74, 74, 79, 87, 99, 74]],
  ["push", 73, [11, 17, 18, 19, 23, 68, 72, 24, 74, 28, 70, 73, 87, 74, 74, 79, 87, 99, 74, 73]],
  ["push", 63, [11, 17, 18, 19, 23, 68, 72, 24, 74, 28, 70, 73, 87, 74, 74, 79, 87, 99, 74, 73, 63]],
  ["remove", 74, [11, 17, 18, 19, 23, 68, 72, 24, 28, 63, 73, 87, 74, 74, 79, 87, 99, 74, 73, 70]],
  ["push", 9, [9, 11, 18, 19, 17, 68, 72, 24, 28, 23, 73, 87, 74, 74, 79, 87, 99, 74, 73, 70, 63]],
  ["push", 53, [9, 11, 18, 19, 17, 68, 72, 24, 28, 23, 53, 87, 74, 74, 79, 87, 99, 74, 73, 70, 63, 73]],
  ["push", 43, [9, 11, 18, 19, 17, 68, 72, 24, 28, 23, 43, 87, 74, 74, 79, 87, 99, 74, 73, 70, 63, 73, 53]],
  ["push", 62, [9, 11, 18, 19, 17, 62, 72, 24, 28, 23, 43, 68, 74, 74, 79, 87, 99, 74, 73, 70, 63, 73, 53, 87]],
];

describe("the heap", () => {
  it("lies in memory exactly like Python's, after every push, pop and removal", () => {
    const heap = createHeap<number>((a, b) => a < b);
    for (const [operation, value, after] of recorded) {
      if (operation === "push") heap.push(value);
      else if (operation === "pop") expect(heap.pop()).toBe(value);
      else expect(heap.remove((item) => item === value)).toBe(value);
      expect(heap.items).toEqual(after);
    }
  });

  it("keeps an item whose comparison fails", () => {
    const heap = createHeap<string>(() => {
      throw new TypeError("cannot be ordered");
    });
    heap.push("first");
    expect(() => heap.push("second")).toThrow(TypeError);
    expect(heap.items).toEqual(["first", "second"]);
  });

  it("has nothing to pop or remove when it is empty", () => {
    const heap = createHeap<number>((a, b) => a < b);
    expect(heap.pop()).toBeUndefined();
    expect(heap.remove(() => true)).toBeUndefined();
  });
});
