import type { JobResult } from "@comfy/contracts";
import { expect, test } from "vitest";
import { sampleJob } from "../../test/sample-job.ts";
import { systemClock as clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { createId } from "../ids.ts";
import { silentLog as log } from "../log.ts";
import { createAttention } from "./attention.ts";
import { createMemoryEventBus } from "./event-bus-memory.ts";
import { createFollowJob, type NumberedEvent } from "./follow-job.ts";
import type { Job } from "./job.ts";
import { createJobWatcher } from "./watch-jobs.ts";

const result: JobResult = { localPath: "", signedUrl: "", taskId: "", seed: 1, assets: [], model: "m" };

/** Jobs, their bus, and as many processes on them as a test wants. */
function setUp(changes: Partial<Job> = {}) {
  const id = createId();
  const rows = new Map([[id, sampleJob({ id, ...changes })]]);
  const events = createMemoryEventBus();
  let presented = 0;
  let presentResult = async (_job: Job): Promise<JobResult> => {
    presented += 1;
    return result;
  };
  const jobs = {
    find: async (jobId: string) => rows.get(jobId),
    findMany: async (ids: readonly string[]) => ids.flatMap((jobId) => ({ ...rows.get(jobId) }) as Job),
  };
  const openProcess = () =>
    createFollowJob({
      ...{ jobs, events, clock },
      watcher: createJobWatcher({ jobs, events, log, tickMs: 20 }),
      attention: createAttention(),
      presentResult: (job) => presentResult(job),
    });
  const end = (state: Job["state"], more: Partial<Job> = {}) => {
    rows.set(id, sampleJob({ id, state, completedAtMs: 1_763_712_000_000, ...more }));
    events.publish(id, { type: "finished" });
  };
  return {
    ...{ id, events, openProcess, end },
    address: { ownerId: "owner", id },
    countPresented: () => presented,
    breakResult: (error: Error) => {
      presentResult = async () => Promise.reject(error);
    },
  };
}

async function collect(events: AsyncIterable<NumberedEvent>): Promise<NumberedEvent[]> {
  const all: NumberedEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const forever = () => new AbortController().signal;

test("a thousand listeners of a job get one terminal event, which is made once", async () => {
  const { openProcess, address, end, countPresented } = setUp();
  const follow = openProcess();
  const streams = await Promise.all(Array.from({ length: 1_000 }, () => follow({ ...address, signal: forever() })));
  const listening = streams.map(collect);
  end("complete");
  const last = (await Promise.all(listening)).map((events) => events.at(-1));
  expect(new Set(last).size).toBe(1);
  expect(last[0]).toMatchObject({ event: { type: "completed" } });
  expect(countPresented()).toBe(1);
});

test("the terminal event has the same id on every process, for who listened and for who comes later", async () => {
  const { openProcess, address, end } = setUp();
  const listening = [openProcess(), openProcess()].map(async (follow) =>
    collect(await follow({ ...address, signal: forever() })),
  );
  await expect.poll(() => listening.length).toBe(2);
  await new Promise((resolve) => setImmediate(resolve));
  end("cancelled");
  const late = collect(await openProcess()({ ...address, signal: forever() }));
  const ids = (await Promise.all([...listening, late])).map((events) => events.at(-1)?.id);
  expect(new Set(ids).size).toBe(1);
  expect(ids[0]).toMatch(/^\w+-0$/);
});

test("an end that no notice told of comes with the next read", async () => {
  const { openProcess, address, end, events } = setUp();
  events.publish = () => {};
  const listening = collect(await openProcess()({ ...address, signal: forever() }));
  end("failed", { failure: { code: "generation_failed", message: "A node raised." } });
  expect((await listening).at(-1)?.event).toMatchObject({ type: "failed", code: "generation_failed" });
});

test("outputs that are gone are a failure to tell, not a stream that breaks again and again", async () => {
  const { openProcess, address, end, breakResult } = setUp();
  breakResult(new AppError("output_unavailable", "The outputs of this job are gone."));
  const listening = collect(await openProcess()({ ...address, signal: forever() }));
  end("complete");
  expect((await listening).at(-1)?.event).toMatchObject({ type: "failed", code: "output_unavailable" });
});

test("who reads slowly misses what newer events have overtaken, and never the end", async () => {
  const { id, events, openProcess, address, end } = setUp();
  const stream = await openProcess()({ ...address, hasPreviews: true, signal: forever() });
  for (let n = 1; n <= 500; n++) {
    events.publish(id, { type: "progress", value: n / 1_000 });
    events.publish(id, { type: "preview", mediaType: "image/png", data: String(n) });
  }
  end("cancelled");
  const told = (await collect(stream)).map(({ event }) => event);
  expect(told).toEqual([
    { type: "running" },
    { type: "progress", value: 0.5 },
    { type: "preview", mediaType: "image/png", data: "500" },
    { type: "cancelled" },
  ]);
});

test("progress never goes back, whichever process tells it", async () => {
  const { id, events, openProcess, address, end } = setUp({ progress: { value: 0.4 } });
  const stream = await openProcess()({ ...address, signal: forever() });
  const iterator = stream[Symbol.asyncIterator]();
  const next = async () => (await iterator.next()).value?.event;
  expect([await next(), await next()]).toEqual([{ type: "running" }, { type: "progress", value: 0.4 }]);
  events.publish(id, { type: "queued" });
  events.publish(id, { type: "progress", value: 0.1 });
  events.publish(id, { type: "progress", value: 0.6, etaSeconds: 12 });
  expect(await next()).toEqual({ type: "progress", value: 0.6, etaSeconds: 12 });
  end("cancelled");
});

test("previews go to who asked for them", async () => {
  const { id, events, openProcess, address, end } = setUp();
  const follow = openProcess();
  const listening = [true, false].map(async (hasPreviews) =>
    collect(await follow({ ...address, hasPreviews, signal: forever() })),
  );
  await new Promise((resolve) => setImmediate(resolve));
  events.publish(id, { type: "preview", mediaType: "image/jpeg", data: "AQID" });
  await new Promise((resolve) => setImmediate(resolve));
  end("cancelled");
  const types = (await Promise.all(listening)).map((all) => all.map(({ event }) => event.type));
  expect(types).toEqual([
    ["running", "preview", "cancelled"],
    ["running", "cancelled"],
  ]);
});

test("an abort ends the events and leaves nothing listening, even before the first one was read", async () => {
  const { id, events, openProcess, address } = setUp();
  const control = new AbortController();
  const follow = openProcess();
  await follow({ ...address, signal: control.signal });
  const listening = collect(await follow({ ...address, signal: control.signal }));
  expect(events.hasListener(id)).toBe(true);
  control.abort();
  await listening;
  expect(events.hasListener(id)).toBe(false);
});

test("a job of somebody else or of nobody is not found, and nothing listens for it", async () => {
  const { id, events, openProcess } = setUp();
  const follow = openProcess();
  const signal = forever();
  await expect(follow({ ownerId: "thief", id, signal })).rejects.toMatchObject({ code: "job_not_found" });
  await expect(follow({ ownerId: "owner", id: "* *", signal })).rejects.toMatchObject({ code: "job_not_found" });
  expect(events.hasListener(id)).toBe(false);
  expect(events.hasListener("* *")).toBe(false);
});
