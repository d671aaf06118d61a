import { objectInfo } from "@comfy/comfyui-contract";
import recorded from "@comfy/comfyui-contract/fixtures/object_info.slim.json" with { type: "json" };
import { type Inventory, type Plan, planJob } from "@comfy/workflows";
import { describe, expect, it } from "vitest";
import { AppError } from "../errors.ts";
import { silentLog } from "../log.ts";
import { createCheckEligibility } from "./check-eligibility.ts";
import { createInventoryCache } from "./inventory-cache.ts";

const forever = new AbortController().signal;

/** A recorded ComfyUI, with these checkpoints. */
function withCheckpoints(...files: string[]): Inventory {
  const inventory = objectInfo.parse(recorded);
  const inputs = inventory.CheckpointLoaderSimple?.input.required;
  if (inputs) inputs.ckpt_name = [files];
  return inventory;
}

const empty = withCheckpoints();
const capable = withCheckpoints("sd_xl_base_1.0.safetensors");
const away = new AppError("no_backend", "The backend is away.");

function planOf(input: object): Plan {
  const outcome = planJob("image", { prompt: "a fox", ...input }, { randomSeed: () => 1 });
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.plan;
}
const sdxl = planOf({ model: "sdxl" });

/** Backends that say this; the array can be changed. */
function setUp(...answers: (Inventory | Error | Promise<never>)[]) {
  const time = { nowMs: 0 };
  const clock = { nowMs: () => time.nowMs, monotonicMs: () => time.nowMs };
  const backends = answers.map((_answer, index) => ({
    id: `backend-${index}`,
    async readInventory() {
      const answer = await answers[index];
      if (answer === undefined || answer instanceof Error) throw answer;
      return answer;
    },
  }));
  const inventories = createInventoryCache({ backends, clock, freshMs: 100, log: silentLog });
  const check = createCheckEligibility({ backends, inventories, freshMs: 100 });
  return { time, answers, check, inventories };
}

const missingSdxl = { ok: false, missing: [{ what: "model", name: "sd_xl_base_1.0.safetensors" }] };

describe("a job is accepted", () => {
  it("when one backend has what it needs", async () => {
    expect(await setUp(empty, capable).check(sdxl, forever)).toEqual({ ok: true });
  });

  it("when a backend cannot be asked, whatever the others lack", async () => {
    expect(await setUp(empty, away).check(sdxl, forever)).toEqual({ ok: true });
  });

  it("at once when a capable backend answers and another never does", async () => {
    const { check, inventories } = setUp(Promise.withResolvers<never>().promise, capable);
    expect(await check(sdxl, forever)).toEqual({ ok: true });
    await inventories.close();
  });

  it("without waiting, on what a backend could do when it was last heard", async () => {
    const { check, time, answers, inventories } = setUp(capable);
    await check(sdxl, forever);
    time.nowMs += 1_000_000;
    answers[0] = Promise.withResolvers<never>().promise;
    expect(await check(sdxl, forever)).toEqual({ ok: true });
    await inventories.close();
  });

  it("on such an old word only until the backend, asked meanwhile, has said otherwise", async () => {
    const { check, time, answers } = setUp(capable);
    await check(sdxl, forever);
    time.nowMs += 1_000_000;
    answers[0] = empty;
    expect(await check(sdxl, forever)).toEqual({ ok: true });
    await expect.poll(() => check(sdxl, forever)).toMatchObject(missingSdxl);
  });

  it("when the only word that it lacks something is old", async () => {
    const { check, time, answers } = setUp(empty);
    expect(await check(sdxl, forever)).toMatchObject(missingSdxl);
    time.nowMs += 101;
    answers[0] = away;
    expect(await check(sdxl, forever)).toEqual({ ok: true });
  });

  it("as soon as the missing file was added and the old answer has aged", async () => {
    const { check, time, answers } = setUp(empty);
    expect(await check(sdxl, forever)).toMatchObject(missingSdxl);
    answers[0] = capable;
    expect(await check(sdxl, forever)).toMatchObject(missingSdxl);
    time.nowMs += 101;
    expect(await check(sdxl, forever)).toEqual({ ok: true });
  });
});

describe("a job is refused", () => {
  it("when every backend has just said that it lacks the model, naming it and where to get it", async () => {
    expect(await setUp(empty, empty).check(sdxl, forever)).toEqual({
      ok: false,
      missing: [
        {
          what: "model",
          name: "sd_xl_base_1.0.safetensors",
          install:
            "Put sd_xl_base_1.0.safetensors (Hugging Face: stabilityai/stable-diffusion-xl-base-1.0) into models/checkpoints.",
        },
      ],
    });
  });

  it("naming node classes too", async () => {
    const { SaveImage: _gone, ...without } = capable;
    expect(await setUp(without).check(sdxl, forever)).toMatchObject({ missing: [{ what: "node", name: "SaveImage" }] });
  });

  it("with the list of the backend that lacks the least", async () => {
    expect(await setUp({}, empty).check(sdxl, forever)).toMatchObject(missingSdxl);
  });

  it("never because its caller left", async () => {
    const { check, inventories } = setUp(Promise.withResolvers<never>().promise);
    const caller = new AbortController();
    const checking = check(sdxl, caller.signal);
    caller.abort(new Error("gone"));
    await expect(checking).rejects.toThrow("gone");
    await inventories.close();
  });
});
