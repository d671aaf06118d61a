import { getEventListeners } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { type ClientOptions, ComfyClient, type JobEvent } from "../src/index.ts";
import {
  complete,
  type Handler,
  json,
  KEY,
  processing,
  RESULT,
  SECRET,
  startService,
  wellBehaved,
} from "./fake-service.ts";

let service: Awaited<ReturnType<typeof startService>>;
afterEach(() => service?.close());

const READ = "GET /jobs/portrait/j1";
const EVENTS = "GET /jobs/portrait/j1/events";

const start = async (routes: Record<string, Handler>, options: ClientOptions = {}) => {
  service = await startService({ ...wellBehaved, ...routes });
  return new ComfyClient({ baseUrl: service.url, apiKey: KEY, apiSecret: SECRET, ...options });
};

/** Answers the listed bodies in turn, the last one for ever. */
const inTurn =
  (...bodies: object[]): Handler =>
  (_, response, number) =>
    json(response, 200, bodies[Math.min(number, bodies.length - 1)]);

const failed = {
  ...processing,
  status: "failed",
  error: "The sampler raised.",
  code: "generation_failed",
  details: { node: "3" },
};
const cancelled = { ...failed, status: "cancelled", error: "Cancelled.", code: "cancelled" };
const fast = { pollIntervalMs: 10 };

/** An event stream that stays open after the given chunks. */
const stream =
  (...chunks: (string | Uint8Array)[]): Handler =>
  async (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const chunk of chunks) {
      response.write(chunk);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

const line = (event: object, id?: number) => `${id ? `id: ${id}\n` : ""}data: ${JSON.stringify(event)}\n\n`;

describe("the events of a job", () => {
  /** A read that is held until the given stream has been sent. */
  const gate = () => {
    const opened = Promise.withResolvers<void>();
    const held: Handler = async ({ target }, response) => {
      if (!target.includes("wait=25")) return json(response, 200, processing);
      await opened.promise;
      json(response, 200, complete);
    };
    return { open: opened.resolve, held };
  };

  it("come from the stream in order, progress never going back, one terminal event last", async () => {
    const { open, held } = gate();
    const sent = [
      ": a comment\r\n\r\n",
      line({ type: "queued", position: 2 }, 1),
      line({ type: "running" }, 2),
      line({ type: "progress", value: 0.5, node: "KSampler ✓" }, 3),
      line({ type: "progress", value: 0.25 }, 4),
      line({ type: "from_the_future" }, 5),
      line({ type: "progress", value: 0.75 }, 6),
      line({ type: "completed", result: RESULT }, 7),
    ].join("");
    const bytes = new TextEncoder().encode(sent);
    const comfy = await start({ [READ]: held, [EVENTS]: stream(...Array.from(bytes, (byte) => Uint8Array.of(byte))) });
    const events: JobEvent<unknown>[] = [];
    for await (const event of comfy.job("portrait", "j1").events(fast)) {
      events.push(event);
      if (event.type === "progress" && event.value === 0.75) open();
    }
    const streamed = events.filter(({ type }) => type === "progress" || type === "queued");
    expect(streamed).toEqual([
      { type: "queued", position: 2 },
      { type: "progress", value: 0.5, node: "KSampler ✓" },
      { type: "progress", value: 0.75 },
    ]);
    expect(events.at(-1)).toEqual({ type: "completed", result: RESULT });
    expect(events.filter(({ type }) => type === "completed")).toHaveLength(1);
  });

  it("go on where they broke off, by Last-Event-ID", async () => {
    const { open, held } = gate();
    const comfy = await start({
      [READ]: held,
      [EVENTS]: async (request, response, number) => {
        if (number) await stream(line({ type: "progress", value: 0.9 }, 9))(request, response, number);
        else
          response
            .writeHead(200, { "content-type": "text/event-stream" })
            .end(line({ type: "progress", value: 0.1 }, 8));
      },
    });
    const values: number[] = [];
    const onProgress = ({ value }: { value: number }) => {
      values.push(value);
      if (value === 0.9) open();
    };
    await comfy.job("portrait", "j1").result({ onProgress, ...fast });
    expect(values).toEqual([0.1, 0.9]);
    expect(service.of(EVENTS)[1]?.headers["last-event-id"]).toBe("8");
  });

  it.each([404, 406, 501, 204])("come from reads where there is no stream (%i)", async (status) => {
    const progress = (value: number) => ({ ...processing, progress: { value } });
    const comfy = await start({
      [READ]: inTurn({ ...processing, status: "pending" }, progress(0.2), progress(0.6), complete),
      [EVENTS]: (_, response) => response.writeHead(status).end(),
    });
    const types: string[] = [];
    const values: number[] = [];
    const onEvent = ({ type }: JobEvent<unknown>) => types.push(type);
    await comfy.run(
      "portrait",
      { description: "x" },
      { onEvent, onProgress: ({ value }) => values.push(value), ...fast },
    );
    expect(types).toEqual(["queued", "running", "progress", "running", "progress", "completed"]);
    expect(values).toEqual([0.2, 0.6]);
  });

  it("end with the failure or the cancellation, which is no exception there", async () => {
    const comfy = await start({ [READ]: inTurn(failed), "GET /jobs/tts/j1": inTurn(cancelled) });
    const last = async (events: AsyncIterable<JobEvent<unknown>>) => {
      let latest: JobEvent<unknown> | undefined;
      for await (const event of events) latest = event;
      return latest;
    };
    expect(await last(comfy.job("portrait", "j1").events())).toMatchObject({
      type: "failed",
      error: { code: "generation_failed" },
    });
    expect(await last(comfy.job("tts", "j1").events())).toMatchObject({
      type: "cancelled",
      error: { name: "JobCanceledError" },
    });
  });

  it("release everything when the loop is left", async () => {
    let isClosed = false;
    const comfy = await start({
      [READ]: () => {},
      [EVENTS]: (_, response) => {
        response.on("close", () => {
          isClosed = true;
        });
        response.writeHead(200, { "content-type": "text/event-stream" }).write(line({ type: "running" }));
      },
    });
    const { signal } = new AbortController();
    for await (const event of comfy.job("portrait", "j1").events({ signal })) if (event.type === "running") break;
    await expect.poll(() => isClosed).toBe(true);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("keep the job when a callback throws, and say so in the log", async () => {
    const lines: string[] = [];
    const push = (text: string) => void lines.push(text);
    const comfy = await start({}, { logger: { debug: push, info: push, warn: push, error: push } });
    const onEvent = () => {
      throw new Error("bar is gone");
    };
    expect(await comfy.job("portrait", "j1").result({ onEvent })).toEqual(RESULT);
    expect(lines.join()).toContain("bar is gone");
  });
});
