import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createEmulator, type Emulator, type EmulatorOptions } from "@comfy/comfyui-emulator";
import { afterEach, describe, expect, it } from "vitest";
import { isOutOfMemory, type PromptEvent, readOutputs } from "../src/index.ts";
import { randomColor, readAll, readGraph, run, startClient } from "./target.ts";

const emulators: Emulator[] = [];

afterEach(async () => {
  await Promise.all(emulators.splice(0).map((emulator) => emulator.close()));
});

async function start(options: EmulatorOptions = {}) {
  const emulator = await createEmulator({ speed: 4, previewMethod: "none", ...options });
  emulators.push(emulator);
  return { emulator, comfy: startClient(emulator.url), promptId: crypto.randomUUID() };
}

const colors = () => readGraph("cpu_image_ops", { red: { color: randomColor() } });
const sampling = (steps: number) => readGraph("tiny_slow_interruptible", { sampler: { seed: randomColor(), steps } });
const isProgress = (event: PromptEvent) => event.type === "progress" && event.classType === "KSampler";

/** Follows a prompt and tells when something has happened on its way. */
function watch(
  comfy: ReturnType<typeof startClient>,
  promptId: string,
  isIt: (event: PromptEvent) => boolean,
  bounds = {},
) {
  const seen = Promise.withResolvers<PromptEvent>();
  const events: PromptEvent[] = [];
  const ended = comfy.follow({
    ...bounds,
    promptId,
    onEvent: (event) => {
      events.push(event);
      if (isIt(event)) seen.resolve(event);
    },
  });
  return { ended, seen: seen.promise, events };
}

describe("a lost answer to POST /prompt", () => {
  it("leaves a prompt that is found and followed, never a second one", async () => {
    const { emulator, comfy, promptId } = await start();
    emulator.setFaults({ lostAnswer: { path: "/prompt", method: "POST", times: 1 } });
    expect(await comfy.submit({ promptId, graph: sampling(20) })).toMatchObject({ type: "unknown" });
    expect((await comfy.find(promptId)).type).toMatch(/running|queued/);
    expect(await comfy.queueRemaining()).toBe(1);
    expect(await comfy.follow({ promptId })).toMatchObject({ type: "succeeded" });
  });
});

describe("the socket", () => {
  it("may be silent from the start", async () => {
    const { emulator, comfy } = await start();
    emulator.setFaults({ silentSockets: true });
    expect((await run(comfy, colors())).ended).toMatchObject({ type: "succeeded" });
  });

  it("may be cut in the middle, and progress goes on when it is back", async () => {
    const { emulator, comfy, promptId } = await start();
    emulator.setFaults({ reconnectHazard: false });
    await comfy.submit({ promptId, graph: sampling(100) });
    const { ended, seen, events } = watch(comfy, promptId, isProgress);
    await seen;
    emulator.setFaults({ dropSockets: true });
    const before = events.length;
    expect(await ended).toMatchObject({ type: "succeeded" });
    expect(events.slice(before + 3).some(isProgress)).toBe(true);
  });

  it("may be cut on a server that then forgets the new one", async () => {
    const { emulator, comfy, promptId } = await start();
    await comfy.submit({ promptId, graph: sampling(100) });
    const { ended, seen } = watch(comfy, promptId, isProgress);
    await seen;
    emulator.setFaults({ dropSockets: true });
    expect(await ended).toMatchObject({ type: "succeeded" });
  });
});

describe("a restart", () => {
  it("in the middle makes the prompt vanish and the epoch change", async () => {
    const { emulator, comfy, promptId } = await start();
    const signal = AbortSignal.timeout(15_000);
    const epoch = await comfy.bootEpoch(signal);
    await comfy.submit({ promptId, graph: sampling(5_000) });
    const { ended, seen, events } = watch(comfy, promptId, isProgress);
    await seen;
    await emulator.restart({ downMs: 800 });
    expect(await ended).toEqual({ type: "vanished" });
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(["unreachable", "reachable"]));
    expect(await comfy.bootEpoch(signal)).not.toBe(epoch);
    expect((await run(comfy, colors())).ended).toMatchObject({ type: "succeeded" });
  });
});

describe("a dead worker thread", () => {
  it("is seen as a stalled prompt, which a cancellation cannot stop", async () => {
    const { emulator, comfy, promptId } = await start();
    emulator.setFaults({ workerDeath: true });
    await comfy.submit({ promptId, graph: colors() });
    const controller = new AbortController();
    const { ended, seen } = watch(comfy, promptId, ({ type }) => type === "stalled", {
      stalledAfterMs: 300,
      signal: controller.signal,
    });
    expect(await seen).toMatchObject({ type: "stalled" });
    expect(await comfy.cancel({ promptId, waitMs: 300 })).toEqual({ type: "stopping" });
    controller.abort(new Error("the caller's own policy"));
    await expect(ended).rejects.toThrow("the caller's own policy");
  });
});

describe("nodes that fail", () => {
  it("are named, with their exception", async () => {
    const { emulator, comfy } = await start();
    emulator.setFaults({
      nodeError: { classType: "ImageInvert", exceptionType: "ValueError", message: "no colours left" },
    });
    expect((await run(comfy, colors())).ended).toMatchObject({
      type: "failed",
      nodeId: "invert",
      nodeType: "ImageInvert",
      exceptionType: "ValueError",
      exceptionMessage: "no colours left",
    });
  });

  it("for lack of memory are told apart", async () => {
    const { emulator, comfy } = await start();
    emulator.setFaults({ outOfMemory: {} });
    const { ended } = await run(comfy, sampling(5));
    expect(ended.type === "failed" && isOutOfMemory(ended)).toBe(true);
  });
});

describe("a slow or faulty server", () => {
  it("may write its history late", async () => {
    const { emulator, comfy } = await start();
    emulator.setFaults({ historyLagMs: 1_500 });
    const { ended } = await run(comfy, colors());
    expect(ended.type === "succeeded" && readOutputs(ended.outputs)).toHaveLength(1);
  });

  it("may fail some looks at its queue", async () => {
    const { emulator, comfy, promptId } = await start();
    await comfy.submit({ promptId, graph: sampling(60) });
    emulator.setFaults({ httpErrors: { path: "/queue", status: 502, times: 3 }, silentSockets: true });
    expect(await comfy.follow({ promptId })).toMatchObject({ type: "succeeded" });
  });
});

describe("files", () => {
  it("of a cached prompt that were deleted are told as gone", async () => {
    const { emulator, comfy } = await start();
    const sent = colors();
    await run(comfy, sent);
    await rm(join(emulator.baseDirectory, "output"), { recursive: true });
    const { ended } = await run(comfy, sent);
    const [value] = ended.type === "succeeded" ? readOutputs(ended.outputs, sent) : [];
    if (value?.type !== "file") throw new Error("Expected a file.");
    await expect(comfy.open(value.file)).rejects.toMatchObject({ code: "file_gone" });
  });

  it("whose transfer is cut are told as incomplete, and can be fetched again", async () => {
    const { emulator, comfy } = await start();
    const sent = colors();
    const { ended } = await run(comfy, sent);
    const [value] = ended.type === "succeeded" ? readOutputs(ended.outputs, sent) : [];
    if (value?.type !== "file") throw new Error("Expected a file.");
    const { file } = value;
    emulator.setFaults({ lostAnswer: { path: "/view", times: 1 } });
    await expect(comfy.open(file).then(({ body }) => readAll(body))).rejects.toMatchObject({ isRetryable: true });
    const { body, sizeBytes } = await comfy.open(file);
    expect((await readAll(body)).length).toBe(sizeBytes);
  });
});
