import { graph as graphSchema } from "@comfy/comfyui-contract";
import runtimeError from "@comfy/comfyui-contract/fixtures/graphs/cpu_runtime_error.json" with { type: "json" };
import { describe, expect, it } from "vitest";
import {
  createBackend,
  forever,
  queueLength,
  quickGraph,
  readAll,
  resume,
  setUp,
  slowGraph,
  start,
} from "../../../test/comfyui/emulated-backend.ts";

describe("a render", () => {
  it("says when it was sent and accepted, how far it is, and which files it made", async () => {
    const { backend } = await setUp();
    const { outcome, steps, progress } = start(backend, quickGraph());
    const ended = await outcome;
    expect(steps).toEqual(["sent", "accepted"]);
    expect(progress.at(-1)?.value).toBe(1);
    if (ended.type !== "succeeded") throw new Error(JSON.stringify(ended));
    expect(ended.files).toMatchObject([{ node: "save", index: 0, name: expect.stringMatching(/\.png$/) }]);
    const [file] = ended.files;
    if (!file) throw new Error("no file");
    const bytes = await readAll(await backend.open(file, forever));
    expect(bytes.subarray(1, 4).toString()).toBe("PNG");
  });

  it("that raises fails with a sentence that names node and exception", async () => {
    const { backend } = await setUp();
    expect(await start(backend, graphSchema.parse(runtimeError)).outcome).toMatchObject({
      type: "failed",
      message: expect.stringMatching(/^The node SplitAudioChannels \("split"\) failed: ValueError: .*only one channel/),
      details: { nodeId: "split", nodeType: "SplitAudioChannels", exceptionType: "ValueError" },
    });
  });

  it("of a graph that the server does not take fails, naming node and input", async () => {
    const { backend } = await setUp();
    const bad = quickGraph();
    Object.assign(bad.red?.inputs ?? {}, { width: 0 });
    const { outcome, steps } = start(backend, bad);
    expect(await outcome).toMatchObject({
      type: "failed",
      message: expect.stringContaining('EmptyImage ("red"), input width'),
    });
    expect(steps).toEqual(["sent"]);
  });

  it("without enough memory says so, since another device may have more", async () => {
    const { emulator, backend } = await setUp();
    emulator.setFaults({ outOfMemory: {} });
    expect(await start(backend, slowGraph(5)).outcome).toMatchObject({ type: "out_of_memory" });
  });

  it("is not sent when it was not to be noted", async () => {
    const { emulator, backend } = await setUp();
    const options = {
      promptId: crypto.randomUUID(),
      graph: quickGraph(),
      labels: {},
      signal: forever,
      detach: forever,
    };
    const rendering = backend.render({
      ...options,
      onProgress: () => {},
      onSent: () => Promise.reject(new Error("the lease is lost")),
      onAccepted: async () => {},
    });
    await expect(rendering).rejects.toThrow("the lease is lost");
    expect(await resume(createBackend(emulator.url, { graceMs: 0 }), options.promptId)).toMatchObject({ type: "lost" });
  });
});

describe("stopping a render", () => {
  it("interrupts it on the backend", async () => {
    const { emulator, backend } = await setUp();
    const { outcome, working, cancel } = start(backend, slowGraph());
    await working;
    cancel.abort();
    expect(await outcome).toEqual({ type: "interrupted", isSettled: true });
    expect(await queueLength(emulator)).toBe(0);
  });

  it("takes one that waits out of the queue and leaves the one before it alone", async () => {
    const { backend } = await setUp();
    const first = start(backend, slowGraph(60));
    await first.working;
    const second = start(backend, slowGraph());
    await expect.poll(() => second.steps).toEqual(["sent", "accepted"]);
    second.cancel.abort();
    expect(await second.outcome).toEqual({ type: "interrupted", isSettled: true });
    expect(await first.outcome).toMatchObject({ type: "succeeded" });
  });

  it("does not wait for ever for a node that does not listen, and stops it when it is abandoned again", async () => {
    const { emulator, backend } = await setUp({ cancelMs: 200 });
    emulator.setFaults({ slowNode: { classType: "ImageInvert", delayMs: 2_000 } });
    const { promptId, outcome, steps, cancel } = start(backend, quickGraph());
    await expect.poll(() => steps).toEqual(["sent", "accepted"]);
    cancel.abort();
    expect(await outcome).toEqual({ type: "interrupted", isSettled: false });
    const backendEpoch = await backend.readEpoch(forever);
    const abandon = () => backend.abandon({ promptId, backendEpoch, signal: forever });
    await expect.poll(abandon, { timeout: 10_000 }).toBe("settled");
    expect(await queueLength(emulator)).toBe(0);
  });
});

describe("letting go of a render", () => {
  it("leaves it running, and another process takes it up", async () => {
    const { emulator, backend } = await setUp();
    const { promptId, outcome, working, detach } = start(backend, slowGraph(60));
    await working;
    detach.abort();
    expect(await outcome).toEqual({ type: "detached" });
    expect(await resume(createBackend(emulator.url), promptId)).toMatchObject({
      type: "succeeded",
      files: [{ node: "save" }],
    });
  });

  it("also finds one that has ended meanwhile", async () => {
    const { emulator, backend } = await setUp();
    const { promptId, outcome } = start(backend, quickGraph());
    await outcome;
    expect(await resume(createBackend(emulator.url), promptId)).toMatchObject({ type: "succeeded" });
  });
});

describe("a lost answer", () => {
  it("to a submission never makes a second prompt", async () => {
    const { emulator, backend } = await setUp();
    emulator.setFaults({ lostAnswer: { path: "/prompt", method: "POST", times: 1 } });
    const { outcome, steps, working } = start(backend, slowGraph(40));
    await working;
    expect(await queueLength(emulator)).toBe(1);
    expect(await outcome).toMatchObject({ type: "succeeded" });
    expect(steps).toEqual(["sent", "accepted"]);
  });

  it("to one that was never queued is found out after the grace", async () => {
    const { emulator, backend } = await setUp({ graceMs: 500 });
    emulator.setFaults({ httpErrors: { path: "/prompt", method: "POST", status: 500, times: 1 } });
    const { outcome, steps } = start(backend, quickGraph());
    expect(await outcome).toMatchObject({ type: "lost", cause: "never_arrived" });
    expect(steps).toEqual(["sent"]);
  });
});

describe("a restart of the server", () => {
  it("loses the prompt, and changes the epoch", async () => {
    const { emulator, backend } = await setUp();
    const epoch = await backend.readEpoch(forever);
    const { outcome, working } = start(backend, slowGraph(), { backendEpoch: epoch });
    await working;
    await emulator.restart({ downMs: 300 });
    expect(await outcome).toMatchObject({ type: "lost", cause: "backend_died" });
    expect(await backend.readEpoch(forever)).not.toBe(epoch);
  });

  it("is seen at once by whoever takes the prompt up: there is no grace for a forgotten one", async () => {
    const { emulator, backend } = await setUp({ graceMs: 600_000 });
    const epoch = await backend.readEpoch(forever);
    await emulator.restart();
    expect(await resume(backend, crypto.randomUUID(), epoch)).toMatchObject({ type: "lost", cause: "backend_died" });
  });
});
