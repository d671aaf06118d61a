import { describe, expect, it, onTestFinished, vi } from "vitest";
import { post, readWithKey } from "../../../../test/http/call.ts";
import { signNow } from "../../../../test/http/sign-now.ts";
import { type Door, PRO_KEY, SECRET, startDoor } from "../../../../test/http/start-door.ts";
import type { Caller } from "../../../access/caller.ts";
import { createHttpServer } from "../../server.ts";

async function submit(door: Door): Promise<{ id: string; path: string }> {
  const { body } = await post(door, "/portrait/async", { description: "Viking warrior" });
  return { id: body.jobId, path: `${body.pollUrl}/events` };
}

const open = (door: Door, path: string, headers: Record<string, string> = {}, signal?: AbortSignal) =>
  fetch(door.url + path, {
    headers: { ...signNow(path, { key: PRO_KEY, secret: SECRET }), ...headers },
    ...(signal && { signal }),
  });

const toEvents = (text: string) =>
  [...text.matchAll(/^id: (.*)\ndata: (.*)$/gm)].map(([, id = "", data = ""]) => ({ id, event: JSON.parse(data) }));

describe("200", () => {
  it("tells where the job stands, what happens, and its end; then the stream is over", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const response = await open(door, path);
    door.events.publish(id, { type: "running" });
    door.events.publish(id, { type: "progress", value: 0.5, node: "5" });
    await door.complete(id);
    const events = toEvents(await response.text());
    expect(events.map(({ event }) => event.type)).toEqual(["queued", "running", "progress", "completed"]);
    expect(events.at(-1)?.event.result).toMatchObject({ taskId: id, model: "flux-schnell" });
    expect(new Set(events.map((event) => event.id)).size).toBe(4);
    for (const event of events) expect(event.id).toMatch(/^\w+-\d+$/);
  });

  it("is a stream that no proxy holds back or keeps", async () => {
    const door = await startDoor();
    const { path } = await submit(door);
    const { headers } = await open(door, path);
    expect(headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(headers.get("cache-control")).toBe("no-cache, no-transform");
    expect(headers.get("x-accel-buffering")).toBe("no");
    expect(headers.get("x-request-id")).not.toBeNull();
  });

  it("gives a listener with an unknown Last-Event-ID the job as it stands", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const response = await open(door, path, { "Last-Event-ID": "zz-99" });
    await door.complete(id);
    expect(toEvents(await response.text()).map(({ event }) => event.type)).toEqual(["queued", "completed"]);
  });

  it("leaves the job alone when the listener goes", async () => {
    const door = await startDoor({ isIdle: true });
    const { id, path } = await submit(door);
    const controller = new AbortController();
    const response = await open(door, path, {}, controller.signal);
    controller.abort();
    await response.text().catch(() => {});
    await door.complete(id);
    expect((await readWithKey(door, `/jobs/portrait/${id}`)).body.status).toBe("complete");
  });

  it("ends every stream when the service drains, so that listeners find another instance", async () => {
    const door = await startDoor({ isIdle: true });
    const { path } = await submit(door);
    const response = await open(door, path);
    const text = response.text();
    await door.server.drain(AbortSignal.timeout(5_000));
    expect(toEvents(await text).map(({ event }) => event.type)).toEqual(["queued"]);
  });
});

describe("204", () => {
  it.each(["header", "query"])("tells a listener that saw the end to stay away (%s)", async (place) => {
    const door = await startDoor();
    const { path } = await submit(door);
    const [last] = toEvents(await (await open(door, path)).text());
    const id = last?.id ?? "";
    const again =
      place === "header" ? open(door, path, { "Last-Event-ID": id }) : open(door, `${path}?lastEventId=${id}`);
    expect((await again).status).toBe(204);
  });
});

describe("400", () => {
  it("refuses a Last-Event-ID of any length", async () => {
    const door = await startDoor();
    const { path } = await submit(door);
    expect((await open(door, path, { "Last-Event-ID": "1".repeat(200) })).status).toBe(400);
  });
});

describe("heartbeats", () => {
  const HEARTBEAT_MS = 15_000;

  it("keep a silent stream open, and end it once the key is no longer valid", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    let isRevoked = false;
    const door = await startDoor({ isIdle: true });
    const { authenticate } = door.deps;
    const deps = {
      ...door.deps,
      authenticate: {
        ...authenticate,
        isStillWelcome: async (caller: Caller) => !isRevoked && authenticate.isStillWelcome(caller),
      },
    };
    const server = createHttpServer(deps, { host: "127.0.0.1", port: 0 });
    await server.start(AbortSignal.timeout(1_000));
    onTestFinished(() => server.stop());
    const { path } = await submit(door);
    const response = await fetch(server.url + path, { headers: signNow(path, { key: PRO_KEY, secret: SECRET }) });
    const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
    let seen = "";
    const readUntil = async (word: string) => {
      while (!seen.includes(word)) seen += (await reader.read()).value;
    };
    await readUntil("queued");
    vi.advanceTimersByTime(HEARTBEAT_MS);
    await readUntil(": keep-alive\n\n");
    isRevoked = true;
    vi.advanceTimersByTime(HEARTBEAT_MS);
    expect((await reader.read()).done).toBe(true);
  });
});
