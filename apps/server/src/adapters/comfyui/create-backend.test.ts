import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Graph, graph as graphSchema } from "@comfy/comfyui-contract";
import imageOps from "@comfy/comfyui-contract/fixtures/graphs/cpu_image_ops.json" with { type: "json" };
import runtimeError from "@comfy/comfyui-contract/fixtures/graphs/cpu_runtime_error.json" with { type: "json" };
import slow from "@comfy/comfyui-contract/fixtures/graphs/tiny_slow_interruptible.json" with { type: "json" };
import { createEmulator, type Emulator, type EmulatorOptions } from "@comfy/comfyui-emulator";
import type { JobProgress } from "@comfy/contracts";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../clock.ts";
import { silentLog } from "../../log.ts";
import { type ComfyUiBackendOptions, createComfyUiBackend } from "./create-backend.ts";

const closing: (() => Promise<void>)[] = [];
const forever = new AbortController().signal;

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function createBackend(url: string, options: Partial<ComfyUiBackendOptions> = {}) {
  const backend = createComfyUiBackend({ url, log: silentLog, clock: systemClock, ...options });
  closing.push(() => backend.close());
  return backend;
}

async function setUp(options: Partial<ComfyUiBackendOptions> = {}, emulated: EmulatorOptions = {}) {
  const emulator = await createEmulator({ speed: 4, previewMethod: "none", ...emulated });
  closing.push(() => emulator.close());
  return { emulator, backend: createBackend(emulator.url, options) };
}

let colors = 0;
const quickGraph = (): Graph =>
  graphSchema.parse({ ...imageOps, red: { ...imageOps.red, inputs: { ...imageOps.red.inputs, color: ++colors } } });
const slowGraph = (steps = 5_000): Graph =>
  graphSchema.parse({
    ...slow,
    sampler: { ...slow.sampler, inputs: { ...slow.sampler.inputs, steps, seed: ++colors } },
  });

type Backend = ReturnType<typeof createBackend>;

/** A render under way, and the two ways to end it. */
function start(backend: Backend, graph: Graph, promptId: string = crypto.randomUUID()) {
  const [cancel, detach] = [new AbortController(), new AbortController()];
  const steps: string[] = [];
  const progress: JobProgress[] = [];
  const working = Promise.withResolvers<void>();
  const outcome = backend.render({
    promptId,
    graph,
    labels: { job: "j" },
    signal: cancel.signal,
    detach: detach.signal,
    onSent: async () => void steps.push("sent"),
    onAccepted: async () => void steps.push("accepted"),
    onProgress: (step) => {
      progress.push(step);
      if (step.steps) working.resolve();
    },
  });
  return { promptId, outcome, steps, progress, working: working.promise, cancel, detach };
}

const resume = (backend: Backend, promptId: string, backendEpoch?: string) =>
  backend.resume({
    promptId,
    onProgress: () => {},
    signal: forever,
    detach: forever,
    ...(backendEpoch && { backendEpoch }),
  });

const queueLength = async (emulator: Emulator): Promise<number> => {
  const answer = await fetch(`${emulator.url}/prompt`);
  const { exec_info } = (await answer.json()) as { exec_info: { queue_remaining: number } }; // the emulator's own wire
  return exec_info.queue_remaining;
};

async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

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
    expect(await outcome).toEqual({ type: "interrupted" });
    expect(await queueLength(emulator)).toBe(0);
  });

  it("takes one that waits out of the queue and leaves the one before it alone", async () => {
    const { backend } = await setUp();
    const first = start(backend, slowGraph(60));
    await first.working;
    const second = start(backend, slowGraph());
    await expect.poll(() => second.steps).toEqual(["sent", "accepted"]);
    second.cancel.abort();
    expect(await second.outcome).toEqual({ type: "interrupted" });
    expect(await first.outcome).toMatchObject({ type: "succeeded" });
  });

  it("does not wait for ever for a node that does not listen, but stops it when it can", async () => {
    const { emulator, backend } = await setUp({ cancelMs: 200 });
    emulator.setFaults({ slowNode: { classType: "ImageInvert", delayMs: 2_000 } });
    const { outcome, steps, cancel } = start(backend, quickGraph());
    await expect.poll(() => steps).toEqual(["sent", "accepted"]);
    cancel.abort();
    expect(await outcome).toEqual({ type: "interrupted" });
    await expect.poll(() => queueLength(emulator), { timeout: 10_000 }).toBe(0);
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
    expect(await outcome).toMatchObject({ type: "lost" });
    expect(steps).toEqual(["sent"]);
  });
});

describe("a restart of the server", () => {
  it("loses the prompt, and changes the epoch", async () => {
    const { emulator, backend } = await setUp();
    const epoch = await backend.readEpoch(forever);
    const { outcome, working } = start(backend, slowGraph());
    await working;
    await emulator.restart({ downMs: 300 });
    expect(await outcome).toMatchObject({ type: "lost" });
    expect(await backend.readEpoch(forever)).not.toBe(epoch);
  });

  it("is seen at once by whoever takes the prompt up: there is no grace for a forgotten one", async () => {
    const { emulator, backend } = await setUp({ graceMs: 600_000 });
    const epoch = await backend.readEpoch(forever);
    await emulator.restart();
    expect(await resume(backend, crypto.randomUUID(), epoch)).toMatchObject({ type: "lost" });
  });
});

describe("a server in trouble", () => {
  it("that stays away is given up after the bound", async () => {
    const { emulator, backend } = await setUp({ unreachableAfterMs: 500 });
    const { outcome, working } = start(backend, slowGraph());
    await working;
    await emulator.close();
    expect(await outcome).toMatchObject({ type: "unreachable" });
  });

  it("whose worker thread is dead loses the prompt after the bound", async () => {
    const { emulator, backend } = await setUp({ stalledAfterMs: 500, cancelMs: 300 });
    emulator.setFaults({ workerDeath: true });
    expect(await start(backend, quickGraph()).outcome).toMatchObject({
      type: "lost",
      message: expect.stringContaining("stopped working"),
    });
  });

  it("is an answer to a question about its status, and a waiting job for all else", async () => {
    const { emulator, backend } = await setUp();
    expect(await backend.readStatus(forever)).toMatchObject({
      isReachable: true,
      isSimulated: true,
      vramTotalBytes: expect.any(Number),
    });
    await emulator.close();
    expect(await backend.readStatus(forever)).toMatchObject({ isReachable: false });
    await expect(backend.readEpoch(forever)).rejects.toMatchObject({ code: "no_backend" });
    await expect(backend.readInventory(["KSampler"], forever)).rejects.toMatchObject({ code: "no_backend" });
  });
});

describe("files and facts", () => {
  it("keeps uploads in a folder of its own and names them as graphs do", async () => {
    const { backend } = await setUp();
    async function* body() {
      yield Buffer.from("bytes");
    }
    const file = { name: "0f3a.png", sizeBytes: 5 };
    expect(await backend.upload({ ...file, body: body() }, forever)).toBe("comfy-service/0f3a.png");
    expect(await backend.upload({ ...file, body: body() }, forever)).toBe("comfy-service/0f3a.png");
  });

  it("tells what is installed, and leaves out what is not", async () => {
    const { backend } = await setUp();
    expect(Object.keys(await backend.readInventory(["KSampler", "NoSuchNode"], forever))).toEqual(["KSampler"]);
  });

  it("tells an output that is gone", async () => {
    const { emulator, backend } = await setUp();
    const ended = await start(backend, quickGraph()).outcome;
    const [file] = ended.type === "succeeded" ? ended.files : [];
    if (!file) throw new Error("no file");
    await rm(join(emulator.baseDirectory, "output"), { recursive: true });
    await expect(backend.open(file, forever)).rejects.toMatchObject({ code: "output_unavailable" });
  });

  it("has an id that depends on the address alone, or a label", () => {
    const idOf = (url: string, label?: string) => createBackend(url, label === undefined ? {} : { label }).id;
    expect(idOf("http://gpu:8188")).toBe(idOf("http://me:secret@gpu:8188/"));
    expect(idOf("http://gpu:8188")).toMatch(/^comfyui-[0-9a-f]{12}$/);
    expect(idOf("http://gpu:8188")).not.toBe(idOf("http://gpu:8189"));
    expect(idOf("http://gpu:8188", "east")).toBe("east");
  });
});
