import { describe, expect, it } from "vitest";
import {
  errorStatus,
  idempotencyKey,
  imageInput,
  isTerminal,
  jobStates,
  jobStateWords,
  kindInputs,
  kinds,
  lipsyncInput,
  portraitInput,
  productJob,
  productJobStatus,
  tierOfKey,
  tiers,
} from "../src/index.ts";

describe("job states", () => {
  it("have a word on every surface, all of them words that surface knows", () => {
    const product = new Set<string>(productJobStatus.options);
    for (const state of jobStates) expect(product).toContain(jobStateWords[state].product);
  });

  it("end exactly where no surface says the job goes on", () => {
    for (const state of jobStates) {
      const goesOn = ["pending", "processing"].includes(jobStateWords[state].product);
      expect(isTerminal(state), state).toBe(!goesOn);
    }
  });
});

describe("inputs", () => {
  it("ignore fields they do not know, so that older and newer clients get along", () => {
    expect(portraitInput.parse({ description: "Viking warrior", invented: 1 })).toEqual({
      description: "Viking warrior",
    });
  });

  it("take seeds from -1 to the largest exact number, and no others", () => {
    for (const seed of [-1, 0, Number.MAX_SAFE_INTEGER])
      expect(imageInput.safeParse({ prompt: "a", seed }).success).toBe(true);
    for (const seed of [-2, 1.5, 2 ** 53, "7", null])
      expect(imageInput.safeParse({ prompt: "a", seed }).success).toBe(false);
  });

  it("hold lip-sync to the seeds its sampler takes", () => {
    const media = { portrait_image: "a", audio: "b" };
    expect(lipsyncInput.safeParse({ ...media, seed: 2 ** 31 - 1 }).success).toBe(true);
    expect(lipsyncInput.safeParse({ ...media, seed: 2 ** 31 }).success).toBe(false);
  });

  it("bound every text, so that no field can carry megabytes into a graph", () => {
    const long = "x".repeat(100_000);
    for (const kind of kinds) {
      for (const [name, field] of Object.entries(kindInputs[kind].shape))
        expect(field.safeParse(long).success, `${kind}.${name}`).toBe(false);
    }
  });
});

describe("a job on the wire", () => {
  it("nests the result of a complete job as its first consumers read it", () => {
    const result = { localPath: "/outputs/a/a.png", signedUrl: "https://x.test/a", taskId: "j", seed: 1, assets: [] };
    const job = {
      id: "j",
      status: "complete",
      createdAt: "2026-01-01T00:00:00.000Z",
      completedAt: "2026-01-01T00:00:01.000Z",
      result: { status: "complete", result: { ...result, prompt: "p", model: "m" } },
    };
    expect(productJob.parse(job)).toEqual(job);
  });
});

describe("errors", () => {
  it("are answered with a status that means an error", () => {
    for (const [code, status] of Object.entries(errorStatus)) {
      expect(status, code).toBeGreaterThanOrEqual(400);
      expect(status, code).toBeLessThan(600);
    }
  });
});

describe("tiers", () => {
  it("are read from a key's prefix; an unknown prefix is free", () => {
    expect(["pro_1", "basic_1", "enterprise_1", "free_1", "gold_1", "pro"].map(tierOfKey)).toEqual([
      "pro",
      "basic",
      "enterprise",
      "free",
      "free",
      "free",
    ]);
  });

  it("give every free owner ten generations a day and leave enterprise unlimited", () => {
    expect(tiers.free.generationsPerDay).toBe(10);
    expect(tiers.enterprise.generationsPerDay).toBeNull();
  });
});

describe("idempotency keys", () => {
  it("may be quoted or bare, and nothing that breaks a header", () => {
    for (const key of ['"8e03978e-40d5"', "8e03978e-40d5", "x".repeat(255)])
      expect(idempotencyKey.safeParse(key).success).toBe(true);
    for (const key of ["", "a b", "ä", "x".repeat(256)]) expect(idempotencyKey.safeParse(key).success).toBe(false);
  });
});
