import { randomUUID } from "node:crypto";
import { queueSnapshot } from "@comfy/comfyui-contract";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { send, sendJson } from "./http.ts";
import {
  emptyQueue,
  eventually,
  finished,
  freshGraph,
  readHistory,
  readQueue,
  running,
  slowGraph,
  submitted,
} from "./prompts.ts";
import { openTarget, type Target } from "./target.ts";

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterEach(() => emptyQueue(target.url));
afterAll(() => target.close());

/** A prompt that keeps the worker busy. */
async function occupied(): Promise<string> {
  const promptId = await submitted(target.url, slowGraph());
  await running(target.url, promptId);
  return promptId;
}

const interrupt = (body: unknown) => sendJson(target.url, "/interrupt", body);

describe("the queue", () => {
  it("counts pending and running prompts together", async () => {
    const slow = await occupied();
    await submitted(target.url, freshGraph());
    expect((await send(target.url, { path: "/prompt" })).text).toBe('{"exec_info": {"queue_remaining": 2}}');
    const shown = queueSnapshot.parse((await send(target.url, { path: "/queue" })).json());
    expect(shown.queue_running.map((item) => item[1])).toEqual([slow]);
    expect(shown.queue_running[0]).toHaveLength(5);
    expect(shown.queue_running[0]?.[4]).toEqual(["save"]);
  });

  it("shows pending prompts as a heap: the lowest number first, the rest as pushed", async () => {
    await occupied();
    const numbers = [50, 10, 40, 30, 20];
    for (const number of numbers) {
      await submitted(target.url, freshGraph(), { number });
    }
    const { queue_pending: pending } = queueSnapshot.parse((await send(target.url, { path: "/queue" })).json());
    expect(pending.map((item) => item[0])).toEqual([10, 20, 40, 50, 30]);
  });

  it("runs the lowest number first, and of equal numbers the lower prompt id", async () => {
    const slow = await occupied();
    const suffix = randomUUID().slice(8);
    const [low, high, urgent] = [`00000000${suffix}`, `ffffffff${suffix}`, randomUUID()];
    await submitted(target.url, freshGraph(), { number: 1e9, prompt_id: high });
    await submitted(target.url, freshGraph(), { number: 1e9, prompt_id: low });
    await submitted(target.url, freshGraph(), { number: -1e9, prompt_id: urgent });
    await interrupt({ prompt_id: slow });
    await finished(target.url, high);
    const order = Object.keys(Object((await send(target.url, { path: "/history" })).json()));
    expect(order.slice(-3)).toEqual([urgent, low, high]);
  });

  it("lets `front` overtake, a later one first", async () => {
    await occupied();
    const normal = await submitted(target.url, freshGraph());
    const early = await submitted(target.url, freshGraph(), { front: true });
    const late = await submitted(target.url, freshGraph(), { front: true });
    const { queue_pending: pending } = queueSnapshot.parse((await send(target.url, { path: "/queue" })).json());
    const sorted = pending.toSorted((left, right) => left[0] - right[0]).map((item) => item[1]);
    expect(sorted).toEqual([late, early, normal]);
    expect(pending.find((item) => item[1] === late)?.[0]).toBeLessThan(0);
  });

  it("deletes pending prompts only, ignores unknown ids and always answers 200 with nothing", async () => {
    const slow = await occupied();
    const kept = await submitted(target.url, freshGraph());
    const gone = await submitted(target.url, freshGraph());
    const answer = await sendJson(target.url, "/queue", { delete: [gone, slow, randomUUID()] });
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect(await readQueue(target.url)).toEqual({ running: [slow], pending: [kept] });
    expect(await readHistory(target.url, gone)).toBeUndefined();
  });

  it("does nothing when `delete` is text instead of a list", async () => {
    await occupied();
    const kept = await submitted(target.url, freshGraph());
    expect((await sendJson(target.url, "/queue", { delete: kept })).status).toBe(200);
    expect((await readQueue(target.url)).pending).toEqual([kept]);
  });

  it("clears all pending prompts and leaves the running one alone", async () => {
    const slow = await occupied();
    await submitted(target.url, freshGraph());
    await sendJson(target.url, "/queue", { clear: true });
    expect(await readQueue(target.url)).toEqual({ running: [slow], pending: [] });
  });

  it("deletes one of two prompts with the same id at a time", async () => {
    await occupied();
    const twin = randomUUID();
    await submitted(target.url, freshGraph(), { prompt_id: twin });
    await submitted(target.url, freshGraph(), { prompt_id: twin });
    await sendJson(target.url, "/queue", { delete: [twin] });
    expect((await readQueue(target.url)).pending).toEqual([twin]);
  });
});

describe("an interrupt", () => {
  const interrupted = { status_str: "error", completed: false };

  it("ends the running prompt as an error whose last message tells it apart", async () => {
    const slow = await occupied();
    const answer = await send(target.url, { method: "POST", path: "/interrupt" });
    expect([answer.status, answer.text]).toEqual([200, ""]);
    const { status } = await finished(target.url, slow);
    expect(status).toMatchObject(interrupted);
    expect(status?.messages.at(-1)?.[0]).toBe("execution_interrupted");
  });

  it("tolerates a body that is no JSON, but not one that is no object", async () => {
    const send_ = (body: string) => send(target.url, { method: "POST", path: "/interrupt", body });
    expect((await send_("not json")).status).toBe(200);
    expect((await send_("[]")).status).toBe(500);
  });

  it("with a prompt id hits that prompt only", async () => {
    const slow = await occupied();
    const waiting = await submitted(target.url, freshGraph());
    await interrupt({ prompt_id: waiting });
    await interrupt({ prompt_id: randomUUID() });
    expect(await readQueue(target.url)).toEqual({ running: [slow], pending: [waiting] });
    await interrupt({ prompt_id: slow });
    expect((await finished(target.url, slow)).status).toMatchObject(interrupted);
    expect((await finished(target.url, waiting)).status).toMatchObject({ completed: true });
  });

  it("of an idle server does not hit the next prompt", async () => {
    await send(target.url, { method: "POST", path: "/interrupt" });
    const next = await submitted(target.url, freshGraph());
    expect((await finished(target.url, next)).status).toMatchObject({ completed: true });
  });
});

describe("the history", () => {
  it("answers {} for an unknown, a pending and a running prompt alike", async () => {
    const slow = await occupied();
    const waiting = await submitted(target.url, freshGraph());
    for (const promptId of [slow, waiting, randomUUID()]) {
      const answer = await send(target.url, { path: `/history/${promptId}` });
      expect([answer.status, answer.text]).toEqual([200, "{}"]);
    }
  });

  it("lists oldest first; `max_items` takes the newest, `offset` skips the oldest", async () => {
    const ids: string[] = [];
    for (const _ of [1, 2, 3]) {
      ids.push(await submitted(target.url, freshGraph()));
      await finished(target.url, ids.at(-1) ?? "");
    }
    const keys = async (query: string) =>
      Object.keys(Object((await send(target.url, { path: `/history${query}` })).json()));
    expect((await keys("")).slice(-3)).toEqual(ids);
    expect(await keys("?max_items=2")).toEqual(ids.slice(1));
    expect(await keys("?max_items=0")).toEqual([]);
    const total = (await keys("")).length;
    expect(await keys(`?offset=${total - 3}&max_items=2`)).toEqual(ids.slice(0, 2));
    expect((await send(target.url, { path: "/history?max_items=x" })).status).toBe(500);
  });

  it("forgets what is deleted", async () => {
    const [gone, kept] = [await submitted(target.url, freshGraph()), await submitted(target.url, freshGraph())];
    await finished(target.url, kept);
    const answer = await sendJson(target.url, "/history", { delete: [gone] });
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect(await readHistory(target.url, gone)).toBeUndefined();
    expect(await readHistory(target.url, kept)).toBeDefined();
    await sendJson(target.url, "/history", { clear: true });
    expect((await send(target.url, { path: "/history" })).text).toBe("{}");
  });

  it("holds a prompt whose submitter hung up before the answer", async () => {
    const promptId = randomUUID();
    const body = JSON.stringify({ prompt: freshGraph(), prompt_id: promptId });
    await send(target.url, { method: "POST", path: "/prompt", body, hangsUp: true });
    const entry = await eventually("the abandoned prompt", () => readHistory(target.url, promptId));
    expect(entry.status).toMatchObject({ completed: true });
  });
});
