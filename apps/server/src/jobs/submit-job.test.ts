import { expect, test } from "vitest";
import { createManualClock } from "../../test/manual-clock.ts";
import { sampleJob } from "../../test/sample-job.ts";
import { AppError } from "../errors.ts";
import { silentLog } from "../log.ts";
import { createMemoryEventBus } from "./event-bus-memory.ts";
import type { Acceptance, AcceptOutcome } from "./job-store.ts";
import { createSubmitJob, type SubmitRequest } from "./submit-job.ts";

const job = sampleJob();
const claimed = { job, lease: { jobId: job.id, epoch: 1 }, pastAttempts: [], inputs: {} };

test("a request that could not be made today gives the job that it made before, where its key is known", async () => {
  for (const [replay, code] of [
    [{ type: "replayed", job }, undefined],
    [undefined, "asset_not_found"],
    [{ type: "idempotency_key_reused" }, "idempotency_key_reused"],
  ] as const) {
    const submitJob = createSubmitJob({
      jobs: { accept: () => Promise.reject(new Error("It is not asked.")), findReplay: async () => replay },
      prepareJob: () => Promise.reject(new AppError("asset_not_found", "There is no such file.")),
      ...{ events: createMemoryEventBus(), clock: createManualClock(), log: silentLog, knock() {} },
      localWorker: { reserve: () => undefined },
    });
    const request = { kind: "image", surface: "product", body: new Uint8Array(), idempotencyKey: "key" };
    const submitted = submitJob({ ...request, caller: { ownerId: "env:owner" } } as SubmitRequest);
    if (code === undefined) expect(await submitted).toEqual({ job, isReplay: true, isHere: false });
    else await expect(submitted).rejects.toMatchObject({ code });
  }
});

/** Accepts one job; the database and the worker of this process answer as the test says. */
async function submit(outcome: AcceptOutcome | Error, hasRoom: boolean) {
  const done: string[] = [];
  const submitJob = createSubmitJob({
    jobs: {
      async accept(_acceptance, options) {
        done.push(options?.claim ? `accept for ${options.claim.holder}` : "accept");
        if (outcome instanceof Error) throw outcome;
        return outcome;
      },
      findReplay: async () => undefined,
    },
    // Only what a worker is asked about matters here.
    prepareJob: async () => ({ needs: "image/x" }) as Acceptance,
    events: createMemoryEventBus(),
    clock: createManualClock(),
    log: silentLog,
    localWorker: {
      reserve(needs) {
        if (!hasRoom) return undefined;
        done.push(`reserve for ${needs}`);
        return {
          claimant: { holder: "me", leaseMs: 1_000 },
          begin: () => void done.push("begin"),
          release: () => void done.push("release"),
        };
      },
    },
    knock: () => void done.push("knock"),
  });
  const request = {
    ...{ kind: "image", surface: "product", body: new Uint8Array(), caller: { ownerId: "env:owner" } },
  } as SubmitRequest;
  await submitJob(request).catch(() => done.push("refused"));
  return done;
}

test("where the worker of this process has room, a job is accepted, claimed and begun without a queue in between", async () => {
  const done = await submit({ type: "accepted", job, claimed }, true);
  expect(done).toEqual(["reserve for image/x", "accept for me", "begin", "release"]);
});

test("where others wait before it, it waits with them and the workers are told", async () => {
  const done = await submit({ type: "accepted", job }, true);
  expect(done).toEqual(["reserve for image/x", "accept for me", "knock", "release"]);
});

test("where there is no room, the workers are told", async () => {
  expect(await submit({ type: "accepted", job }, false)).toEqual(["accept", "knock"]);
});

test("a place that was kept is given up when the job is refused, replayed, or the database is away", async () => {
  for (const outcome of [{ type: "signature_replayed" }, { type: "replayed", job }, new Error("away")] as const) {
    expect((await submit(outcome, true)).filter((line) => line === "release" || line === "begin")).toEqual(["release"]);
  }
});
