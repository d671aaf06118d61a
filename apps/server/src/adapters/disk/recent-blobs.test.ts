import { describe, expect, it } from "vitest";
import { createRecentBlobs } from "./recent-blobs.ts";

const make = (sizeBytes: number) => new Uint8Array(sizeBytes).fill(7);

describe("recent blobs", () => {
  it("stay until newer ones need their place, and are freed at once then", () => {
    const recent = createRecentBlobs(100);
    const [first, second] = [make(60), make(50)];
    recent.keep("first", first);
    expect(recent.borrow("first")?.bytes).toBe(first);
    recent.borrow("first")?.giveBack();
    recent.keep("third", make(40));
    expect(recent.borrow("first")).toBeDefined();
    const idle = createRecentBlobs(100);
    idle.keep("first", first);
    idle.keep("second", second);
    expect(idle.borrow("first")).toBeUndefined();
    expect(first).toHaveLength(0);
    expect(idle.borrow("second")?.bytes).toBe(second);
  });

  it("are never freed under whoever borrowed them", () => {
    const recent = createRecentBlobs(100);
    const bytes = make(60);
    recent.keep("one", bytes);
    const [slow, quick] = [recent.borrow("one"), recent.borrow("one")];
    recent.drop("one");
    quick?.giveBack();
    quick?.giveBack();
    expect(bytes).toHaveLength(60);
    slow?.giveBack();
    expect(bytes).toHaveLength(0);
  });

  it("replace equal ones, whose borrowers keep what they have", () => {
    const recent = createRecentBlobs(100);
    const [old, fresh] = [make(60), make(60)];
    recent.keep("one", old);
    const borrowed = recent.borrow("one");
    recent.keep("one", fresh);
    expect(recent.borrow("one")?.bytes).toBe(fresh);
    expect(old).toHaveLength(60);
    borrowed?.giveBack();
    expect(old).toHaveLength(0);
  });

  it("are neither pieces of something larger nor large", () => {
    const recent = createRecentBlobs();
    recent.keep("piece", new Uint8Array(100).subarray(0, 50));
    recent.keep("large", new Uint8Array(4 * 1024 * 1024 + 1));
    expect(recent.borrow("piece")).toBeUndefined();
    expect(recent.borrow("large")).toBeUndefined();
  });
});
