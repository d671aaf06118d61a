import { describe, expect, it } from "vitest";
import { forever, quickGraph, setUp, start } from "../../../test/comfyui/emulated-backend.ts";
import { type Log, silentLog } from "../../log.ts";
import { createWorkerWatch } from "./worker-watch.ts";

describe("a worker that died behind a live port", () => {
  it("is certain as soon as a prompt at work never said that it begins; all renders there leave together", async () => {
    const { emulator, backend } = await setUp({ idleAfterMs: 300, cancelMs: 200, timeouts: { quietMs: 100 } });
    await start(backend, quickGraph()).outcome;
    emulator.setFaults({ workerDeath: true });
    const killer = start(backend, quickGraph());
    const behind = start(backend, quickGraph());
    expect(await killer.outcome).toMatchObject({ type: "lost", cause: "stalled" });
    expect(await behind.outcome).toMatchObject({ type: "lost", cause: "stalled" });
    expect(backend.isWorking()).toBe(false);
    // The port still answers, which is why nobody else would notice.
    expect(await backend.readStatus(forever)).toMatchObject({ isReachable: true });
  });

  it("is not what a render is taken for that was silent for long but can still be interrupted", async () => {
    const { emulator, backend } = await setUp({ stalledAfterMs: 200, timeouts: { quietMs: 100 } });
    emulator.setFaults({ slowNode: { classType: "ImageInvert", delayMs: 1_500 } });
    expect(await start(backend, quickGraph()).outcome).toMatchObject({ type: "lost", cause: "stalled" });
    expect(backend.isWorking()).toBe(true);
  });
});

describe("a server that was taken for dead", () => {
  function setUpWatch() {
    const server = { epoch: "first", running: ["p"], isAway: false };
    const lines: string[] = [];
    const note = (_: unknown, message: string) => void lines.push(message);
    const log: Log = { ...silentLog, info: note, error: note };
    const comfy = {
      async bootEpoch() {
        if (server.isAway) throw new Error("away");
        return server.epoch;
      },
      queue: async () => ({ running: server.running, pending: [] }),
    };
    const watch = createWorkerWatch({ comfy, log, lookEveryMs: 5 });
    return { server, watch, lines };
  }
  const rest = () => new Promise((resolve) => setTimeout(resolve, 40));

  it.each([
    ["it was restarted", { epoch: "second", running: [] }],
    ["another prompt is at work", { running: ["q"] }],
    ["what it worked on has ended", { running: [] }],
  ])("is used again once %s, and not before", async (_, change) => {
    const { server, watch, lines } = setUpWatch();
    const { signal } = watch;
    watch.declareDead("silent");
    watch.declareDead("silent");
    expect([watch.isWorking(), signal.aborted]).toEqual([false, true]);
    await rest();
    server.isAway = true;
    await rest();
    expect(watch.isWorking()).toBe(false);
    Object.assign(server, { isAway: false, ...change });
    await expect.poll(watch.isWorking).toBe(true);
    expect(watch.signal.aborted).toBe(false);
    expect(lines).toEqual([expect.stringContaining("restart that ComfyUI"), "The renderer works again."]);
    await watch.close();
  });
});
