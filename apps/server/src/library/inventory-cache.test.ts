import type { Inventory } from "@comfy/workflows";
import { describe, expect, it } from "vitest";
import { type Log, silentLog } from "../log.ts";
import { createInventoryCache } from "./inventory-cache.ts";

const forever = new AbortController().signal;
const node = { input: {}, output: [], output_is_list: [], output_name: [], output_node: false };
const offering = (...names: string[]): Inventory => Object.fromEntries(names.map((name) => [name, { ...node, name }]));

/** A backend that answers when the test says so. */
function createHeldBackend(id: string) {
  const questions: {
    classes: readonly string[];
    signal: AbortSignal;
    answer(inventory: Inventory): void;
    fail(error: Error): void;
  }[] = [];
  return {
    id,
    questions,
    readInventory(classes: readonly string[], signal: AbortSignal) {
      const { promise, resolve, reject } = Promise.withResolvers<Inventory>();
      questions.push({ classes, signal, answer: resolve, fail: reject });
      return promise;
    },
    /** Answers the latest question with everything it asked for. */
    answer() {
      const question = questions.at(-1);
      question?.answer(offering(...question.classes));
    },
  };
}

function setUp(options: Partial<Parameters<typeof createInventoryCache>[0]> = {}) {
  const time = { nowMs: 1_000 };
  const clock = { nowMs: () => time.nowMs, monotonicMs: () => time.nowMs };
  const backend = createHeldBackend("a");
  const cache = createInventoryCache({ backends: [backend], clock, freshMs: 100, log: silentLog, ...options });
  const read = (classes: readonly string[], maxAgeMs?: number, signal = forever) =>
    cache.read("a", classes, { signal, ...(maxAgeMs !== undefined && { maxAgeMs }) });
  return { time, backend, cache, read };
}

/** A cache that knows X, and the time since. */
async function setUpKnowing(ageMs: number, options = {}) {
  const parts = setUp(options);
  const first = parts.read(["X"]);
  parts.backend.answer();
  await first;
  parts.time.nowMs += ageMs;
  return parts;
}

describe("reading an inventory", () => {
  it("asks the backend once and remembers while it is fresh", async () => {
    const { read, backend, cache } = await setUpKnowing(100);
    expect(await read(["X"])).toEqual({ inventory: offering("X"), ageMs: 100 });
    expect(cache.peek("a", ["X"])).toEqual({ inventory: offering("X"), ageMs: 100 });
    expect(backend.questions).toHaveLength(1);
  });

  it("gives everyone who asks meanwhile the same answer", async () => {
    const { read, backend } = setUp();
    const readings = [read(["X"]), read(["X"]), read([])];
    expect(backend.questions).toHaveLength(1);
    backend.answer();
    for (const reading of await Promise.all(readings)) expect(reading?.inventory).toEqual(offering("X"));
  });

  it("asks again, and waits, once it is older than asked for", async () => {
    const { read, backend } = await setUpKnowing(101);
    const reading = read(["X"]);
    expect(backend.questions).toHaveLength(2);
    backend.questions[1]?.answer({});
    expect(await reading).toEqual({ inventory: {}, ageMs: 0 });
  });

  it("does not wait when an old answer will do, and refreshes behind the caller's back", async () => {
    const { read, backend, cache } = await setUpKnowing(500);
    expect(await read(["X"], 1_000)).toEqual({ inventory: offering("X"), ageMs: 500 });
    expect(backend.questions).toHaveLength(2);
    backend.questions[1]?.answer({});
    await expect.poll(() => cache.peek("a", ["X"])?.ageMs).toBe(0);
  });

  it("waits for a question under way, then asks for the classes that one left out, and forgets none", async () => {
    const { read, backend } = setUp();
    const first = read(["X"]);
    const second = read(["Y"]);
    expect(backend.questions).toHaveLength(1);
    backend.answer();
    await first;
    await expect.poll(() => backend.questions.length).toBe(2);
    expect(backend.questions[1]?.classes).toEqual(["X", "Y"]);
    backend.answer();
    expect((await second)?.inventory).toEqual(offering("X", "Y"));
  });

  it("knows nothing of a backend that was never configured", async () => {
    const { cache } = setUp();
    expect(await cache.read("b", ["X"], { signal: forever })).toBeUndefined();
    expect(cache.peek("b", ["X"])).toBeUndefined();
  });
});

describe("a backend that cannot be asked", () => {
  it("is undefined when it never could be, and costs the next caller no waiting", async () => {
    const { read, backend, time } = setUp();
    const first = read(["X"]);
    backend.questions[0]?.fail(new Error("refused"));
    expect(await first).toBeUndefined();
    expect(await read(["X"])).toBeUndefined();
    expect(backend.questions).toHaveLength(1);
    time.nowMs += 1_000;
    const later = read(["X"]);
    backend.answer();
    expect((await later)?.inventory).toEqual(offering("X"));
  });

  it("is remembered with its age", async () => {
    const { read, backend } = await setUpKnowing(5_000);
    const reading = read(["X"]);
    backend.questions[1]?.fail(new Error("refused"));
    expect(await reading).toEqual({ inventory: offering("X"), ageMs: 5_000 });
  });

  it("is given up on after the time-out, even if it never notices", async () => {
    const { read, backend } = setUp({ readTimeoutMs: 5 });
    expect(await read(["X"])).toBeUndefined();
    expect(backend.questions[0]?.signal.aborted).toBe(true);
  });

  it("is logged when it goes away, not at every look", async () => {
    const lines: string[] = [];
    const log: Log = { ...silentLog, warn: (_fields, message) => lines.push(message) };
    const { read, backend, time } = setUp({ log });
    for (const index of [0, 1, 2]) {
      const reading = read(["X"]);
      backend.questions[index]?.fail(new Error("refused"));
      await reading;
      time.nowMs += 1_000;
    }
    expect(lines).toEqual(["The backend does not say what it offers."]);
  });
});

describe("in the background", () => {
  it("what is known is asked for again, and a change is told once", async () => {
    const changes: string[] = [];
    const { read, backend, cache } = setUp({ onChange: (id) => changes.push(id), freshMs: 4 });
    const first = read(["X"]);
    backend.answer();
    await first;
    expect(changes).toEqual(["a"]);
    await cache.start();
    await expect.poll(() => backend.questions.length).toBe(2);
    backend.answer();
    await expect.poll(() => backend.questions.length).toBe(3);
    expect(changes).toEqual(["a"]);
    backend.questions[2]?.answer({});
    await expect.poll(() => changes).toEqual(["a", "a"]);
    await cache.close();
  });

  it("a backend that is back is asked at once", async () => {
    const { backend, cache } = await setUpKnowing(0);
    cache.refresh("a");
    expect(backend.questions).toHaveLength(2);
    await cache.close();
  });
});

describe("giving up", () => {
  it("frees a caller who leaves, and goes on for the others", async () => {
    const { read, backend } = setUp();
    const caller = new AbortController();
    const leaving = read(["X"], undefined, caller.signal);
    const staying = read(["X"]);
    caller.abort(new Error("gone"));
    await expect(leaving).rejects.toThrow("gone");
    backend.answer();
    expect((await staying)?.inventory).toEqual(offering("X"));
    await expect(read(["X"], undefined, caller.signal)).rejects.toThrow("gone");
  });

  it("closes what is open and asks no more", async () => {
    const { read, backend, cache } = setUp();
    const reading = read(["X"]);
    await cache.close();
    expect(backend.questions[0]?.signal.aborted).toBe(true);
    expect(await reading).toBeUndefined();
    expect(await read(["X"])).toBeUndefined();
    expect(backend.questions).toHaveLength(1);
  });
});
