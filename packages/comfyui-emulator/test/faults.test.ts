import { describe, expect, it } from "vitest";
import {
  exampleGraph,
  get,
  listen,
  openEmulator,
  post,
  run,
  smallGraph,
  submit,
  until,
  waitForHistory,
} from "./session.ts";

async function setFaults(emulator: Parameters<typeof post>[0], change: unknown): Promise<Record<string, unknown>> {
  const response = await post(emulator, "/emulator/faults", change);
  if (!response.ok) throw new Error(await response.text());
  return JSON.parse(await response.text());
}

describe("POST /emulator/faults", () => {
  it("changes what it names, keeps the rest, and lifts everything on reset", async () => {
    const emulator = await openEmulator();
    await setFaults(emulator, { historyLagMs: 5, missingModels: ["a"] });
    expect(await setFaults(emulator, { missingModels: ["b"] })).toMatchObject({
      historyLagMs: 5,
      missingModels: ["b"],
    });
    expect(await setFaults(emulator, { reset: true })).toMatchObject({ historyLagMs: 0, missingModels: [] });
    expect(await (await get(emulator, "/emulator/faults")).json()).toMatchObject({ reconnectHazard: true });
  });

  it("refuses what it does not know with a sentence", async () => {
    const emulator = await openEmulator();
    const response = await post(emulator, "/emulator/faults", { gremlins: true });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("gremlins");
  });
});

describe("faults of the worker", () => {
  it("workerDeath: the prompt stays in queue_running, later ones wait, interrupts do nothing, a restart helps", async () => {
    const emulator = await openEmulator({ faults: { workerDeath: true } });
    const first = await submit(emulator, smallGraph());
    await submit(emulator, smallGraph());
    await post(emulator, "/interrupt", "");
    const queue = await until(async () => {
      const now: { queue_running: unknown[][]; queue_pending: unknown[] } = JSON.parse(
        await (await get(emulator, "/queue")).text(),
      );
      return now.queue_running.length === 1 ? now : undefined;
    });
    expect(queue.queue_running[0]?.[1]).toBe(first);
    expect(queue.queue_pending).toHaveLength(1);
    await emulator.restart();
    expect((await run(emulator, smallGraph())).status.completed).toBe(true);
  });

  it("outOfMemory: the sampler fails in torch's words, once, and the next prompt succeeds", async () => {
    const emulator = await openEmulator({ faults: { outOfMemory: { times: 1 } } });
    const failed = await run(emulator, exampleGraph("tiny_txt2img"));
    const [type, data] = failed.status.messages.at(-1) ?? [];
    expect([type, data?.exception_type]).toEqual(["execution_error", "torch.OutOfMemoryError"]);
    expect(data?.exception_message).toMatch(
      /^CUDA out of memory\..*\nThis error means you ran out of memory on your GPU\.\n\nTIPS: /,
    );
    expect((await run(emulator, exampleGraph("tiny_txt2img"))).status.completed).toBe(true);
  });

  it("nodeError: the named class raises", async () => {
    const emulator = await openEmulator({ faults: { nodeError: { classType: "SaveImage", message: "disk full" } } });
    const entry = await run(emulator, smallGraph());
    expect(entry.status.messages.at(-1)?.[1]).toMatchObject({
      node_type: "SaveImage",
      exception_type: "RuntimeError",
      exception_message: "disk full\n",
      executed: ["a"],
    });
  });

  it("slowNode: the node takes its time, deaf to interrupts", async () => {
    const emulator = await openEmulator({ faults: { slowNode: { classType: "EmptyImage", delayMs: 300, times: 1 } } });
    const startedAt = performance.now();
    const id = await submit(emulator, smallGraph());
    await post(emulator, "/interrupt", { prompt_id: id });
    const entry = await waitForHistory(emulator, id);
    expect(performance.now() - startedAt).toBeGreaterThan(290);
    expect(entry.status.messages.at(-1)?.[0]).toMatch(/^execution_(interrupted|success)$/);
  });

  it("historyLagMs: success is told before the history knows", async () => {
    const emulator = await openEmulator({ faults: { historyLagMs: 400 } });
    const listener = await listen(emulator, "watcher");
    const id = await submit(emulator, smallGraph(), { client_id: "watcher" });
    await listener.next(({ type }) => type === "execution_success");
    expect(await (await get(emulator, `/history/${id}`)).json()).toEqual({});
    await listener.next(({ type, data }) => type === "executing" && data.node === null);
    expect(await (await get(emulator, `/history/${id}`)).json()).toHaveProperty(id);
  });
});

describe("faults of the wire", () => {
  it("httpErrors: the named path fails as often as asked, twins included, others do not", async () => {
    const emulator = await openEmulator({ faults: { httpErrors: { path: "/prompt", status: 503, times: 2 } } });
    expect((await get(emulator, "/queue")).status).toBe(200);
    expect((await get(emulator, "/prompt")).status).toBe(503);
    expect((await get(emulator, "/api/prompt")).status).toBe(503);
    expect((await get(emulator, "/prompt")).status).toBe(200);
  });

  it("hang: the request is accepted, neither answered nor handled", async () => {
    const emulator = await openEmulator({ faults: { hang: { path: "/prompt", method: "post", times: 1 } } });
    const body = JSON.stringify({ prompt: smallGraph() });
    const signal = AbortSignal.timeout(200);
    await expect(fetch(`${emulator.url}/prompt`, { method: "POST", body, signal })).rejects.toThrow();
    expect(await (await get(emulator, "/history")).json()).toEqual({});
  });

  it("lostAnswer: the prompt is queued, but the connection is cut", async () => {
    const emulator = await openEmulator({ faults: { lostAnswer: { path: "/prompt", method: "POST", times: 1 } } });
    const prompt_id = crypto.randomUUID();
    await expect(post(emulator, "/prompt", { prompt: smallGraph(), prompt_id })).rejects.toThrow();
    expect((await waitForHistory(emulator, prompt_id)).status.completed).toBe(true);
  });

  it("dropSockets: every socket is cut without a close frame", async () => {
    const emulator = await openEmulator();
    const { socket } = await listen(emulator, "cut");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    emulator.setFaults({ dropSockets: true });
    expect(await closed).toBe(1006);
  });

  it("silentSockets: the socket stays open and hears nothing", async () => {
    const emulator = await openEmulator();
    const listener = await listen(emulator, "deaf");
    emulator.setFaults({ silentSockets: true });
    const before = listener.messages.length;
    await run(emulator, smallGraph(), { client_id: "deaf" });
    expect(listener.messages).toHaveLength(before);
    expect(listener.socket.readyState).toBe(listener.socket.OPEN);
  });

  it("reconnectHazard: the end of the old socket silences the new one; without it the new one goes on", async () => {
    for (const reconnectHazard of [true, false]) {
      const emulator = await openEmulator({ faults: { reconnectHazard } });
      const old = await listen(emulator, "same");
      const fresh = await listen(emulator, "same");
      old.socket.close();
      await until(async () => (old.socket.readyState === old.socket.CLOSED ? true : undefined));
      await run(emulator, smallGraph(), { client_id: "same" });
      // Whatever was sent to the socket before arrives before this answer.
      const answered = new Promise((resolve) => fresh.socket.once("pong", resolve));
      fresh.socket.ping();
      await answered;
      const heard = fresh.messages.some(({ type }) => type === "execution_success");
      expect(heard, `hazard ${reconnectHazard}`).toBe(!reconnectHazard);
    }
  });
});

describe("a restart", () => {
  it("forgets queue, history, cache and counter, wipes temp, and keeps port, outputs and inputs", async () => {
    const emulator = await openEmulator();
    const graph = { ...smallGraph(), show: { class_type: "PreviewImage", inputs: { images: ["a", 0] } } };
    const entry = await run(emulator, graph);
    const marker = entry.outputs.show?.images?.[0]?.filename;
    expect((await get(emulator, `/view?filename=${marker}&type=temp`)).status).toBe(200);
    const { socket } = await listen(emulator, "before");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await setFaults(emulator, { restart: { downMs: 50 } });
    await closed;
    const after = await until(async () => get(emulator, "/history").catch(() => undefined));
    expect(await after.json()).toEqual({});
    expect((await get(emulator, `/view?filename=${marker}&type=temp`)).status).toBe(404);
    expect((await get(emulator, "/view?filename=small_00001_.png")).status).toBe(200);
    const again = await run(emulator, graph);
    expect(again.prompt[0]).toBe(0);
    expect(again.outputs.save?.images?.[0]?.filename).toBe("small_00002_.png");
  });
});
