import { readChoices } from "@comfy/comfyui-contract";
import { kinds } from "@comfy/contracts";
import { describe, expect, it } from "vitest";
import { samplers, schedulers } from "../picture/sampling.ts";
import { type Plan, planJob } from "../src/index.ts";
import { bareBackend } from "./backend.ts";

const choices = { randomSeed: () => 77 };
const inputs = {
  portrait: { description: "Viking warrior" },
  image: { prompt: "a lighthouse" },
  tts: { text: "Hello." },
  lipsync: { portrait_image: "https://example.com/face.png", audio: "https://example.com/voice.wav" },
} as const;

function plan(kind: (typeof kinds)[number], input: object = {}): Plan {
  const outcome = planJob(kind, { ...inputs[kind], ...input }, choices);
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.plan;
}

const refusal = (kind: (typeof kinds)[number], input: object) => {
  const outcome = planJob(kind, { ...inputs[kind], ...input }, choices);
  return outcome.ok ? undefined : outcome;
};

const valuesOf = (made: Plan, index = 0) => made.variants[index]?.values ?? {};

describe("a plan", () => {
  it.each(kinds)("of %s is plain JSON and the same for the same input and chance", (kind) => {
    const made = plan(kind);
    expect(JSON.parse(JSON.stringify(made))).toEqual(made);
    expect(plan(kind)).toEqual(made);
    expect(made).toMatchObject({ kind, workflow: kind, version: 1 });
  });

  it.each(kinds)("of %s takes a random seed for -1 and for none, and always says which", (kind) => {
    for (const made of [plan(kind), plan(kind, { seed: -1 })])
      expect([made.seed, valuesOf(made).seed]).toEqual([77, 77]);
    expect(plan(kind, { seed: 0 }).seed).toBe(0);
  });

  it.each([
    ["portrait", 2 ** 53 - 1],
    ["image", 2 ** 53 - 1],
    ["tts", 2 ** 53 - 1],
    ["lipsync", 2 ** 31 - 1],
  ] as const)("of %s knows the largest seed of its sampler", (kind, max) => {
    const asked: number[] = [];
    planJob(kind, inputs[kind], { randomSeed: (limit) => asked.push(limit) });
    expect(asked).toEqual([max]);
    expect(plan(kind, { seed: max }).seed).toBe(max);
    expect(refusal(kind, { seed: max + 1 })?.details[0]?.path).toBe("seed");
    expect(refusal(kind, { seed: -2 })?.code).toBe("invalid_input");
    expect(refusal(kind, { seed: 1.5 })?.code).toBe("invalid_input");
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 60])(
    "never carries a seed outside the range, not even from a broken source of chance (%s)",
    (seed) => {
      expect(() => planJob("tts", inputs.tts, { randomSeed: () => seed })).toThrow(/expected an integer from 0 to/);
    },
  );

  it.each(kinds)("of %s refuses what is no input at all with a sentence and the fields", (kind) => {
    for (const input of [null, 1, "x", [], {}]) {
      const outcome = planJob(kind, input, choices);
      expect(outcome).toMatchObject({ ok: false, code: "invalid_input", message: expect.stringMatching(/\w/) });
    }
  });
});

describe("a picture plan", () => {
  it.each(["portrait", "image"] as const)("of %s prefers Flux as GGUF, then as a checkpoint, then SDXL", (kind) => {
    const ids = plan(kind).variants.map(({ id, model }) => [id, model]);
    expect(ids).toEqual([
      ["flux-schnell-gguf", "flux-schnell"],
      ["flux-schnell-fp8", "flux-schnell-fp8"],
      ["sdxl", "sdxl"],
    ]);
  });

  it.each([
    ["flux-schnell", ["flux-schnell-gguf", "flux-schnell-fp8"]],
    ["flux-schnell-fp8", ["flux-schnell-fp8"]],
    ["SDXL ", ["sdxl"]],
  ])("renders the model %j with nothing else", (model, ids) => {
    expect(plan("image", { model }).variants.map(({ id }) => id)).toEqual(ids);
  });

  it.each(["flux1-schnell-Q8_0.gguf", "../sdxl", "", "toString"])(
    "refuses the model %j and lists the words",
    (model) => {
      const message = expect.stringContaining("expected one of flux-schnell, flux-schnell-fp8, sdxl.");
      expect(refusal("portrait", { model })).toMatchObject({
        code: "invalid_input",
        message,
        details: [{ path: "model" }],
      });
    },
  );

  it("refuses an unknown sampler or scheduler and lists the known ones", () => {
    expect(refusal("image", { sampler: "euler_c" })?.message).toContain("expected one of euler, euler_cfg_pp, ");
    expect(refusal("image", { scheduler: "Karras" })?.message).toContain(
      "expected one of simple, sgm_uniform, karras, ",
    );
  });

  it("knows exactly the samplers and schedulers of ComfyUI", () => {
    const sampler = bareBackend.KSampler;
    if (!sampler) throw new Error("The recorded answers have no KSampler.");
    expect(samplers).toEqual(readChoices(sampler, "sampler_name"));
    expect(schedulers).toEqual(readChoices(sampler, "scheduler"));
  });

  it("rounds sizes down to the grid of each model and never up", () => {
    const made = plan("image", { width: 1023, height: 65 });
    expect(valuesOf(made, 0)).toMatchObject({ width: 1008, height: 64 });
    expect(valuesOf(made, 2)).toMatchObject({ width: 1016, height: 64 });
    expect(valuesOf(plan("portrait"))).toMatchObject({ width: 768, height: 1024 });
    expect(valuesOf(plan("image"))).toMatchObject({ width: 1024, height: 1024 });
  });

  it("samples as each model likes unless told otherwise", () => {
    const made = plan("image");
    expect(valuesOf(made, 0)).toMatchObject({ steps: 4, cfg: 1, sampler: "euler", scheduler: "simple" });
    expect(valuesOf(made, 2)).toMatchObject({ steps: 25, cfg: 6.5, sampler: "dpmpp_2m", scheduler: "karras" });
    const told = plan("image", { steps: 9, cfg_scale: 0, sampler: "lcm", scheduler: "normal" });
    for (const { values } of told.variants)
      expect(values).toMatchObject({ steps: 9, cfg: 0, sampler: "lcm", scheduler: "normal" });
  });

  it("gives an image prompt to the model as it is, with a negative prompt only where the model has one", () => {
    const made = plan("image", { prompt: "a (red) fox", negative_prompt: "snow" });
    expect(made.variants.map(({ words }) => words)).toEqual([
      { positive: "a (red) fox" },
      { positive: "a (red) fox" },
      { positive: "a (red) fox", negative: "snow" },
    ]);
    expect(valuesOf(made, 2)).toMatchObject({ positive: "a \\(red\\) fox", negative: "snow" });
    expect(valuesOf(plan("image", { negative_prompt: "" }), 2).negative).toBe("");
    expect(valuesOf(plan("image"), 2).negative).toMatch(/blurry/);
  });

  it("puts every field of a portrait into its words", () => {
    const input = {
      style: "sketch",
      expression: "Smiling.",
      gender: "female",
      negative_prompt: "hats\n",
      model: "sdxl",
    };
    const [variant] = plan("portrait", input).variants;
    expect(variant?.words?.positive).toMatch(
      /^graphite pencil sketch, portrait drawing of a female Viking warrior, smiling expression, /,
    );
    expect(variant?.words?.negative).toMatch(/^hats, /);
  });

  it("refuses a text in which nothing is readable", () => {
    expect(refusal("portrait", { description: "\u0000\u200b" })?.details).toMatchObject([{ path: "description" }]);
    expect(refusal("image", { prompt: "\u0007" })?.details).toMatchObject([{ path: "prompt" }]);
    expect(refusal("tts", { text: "\u0000\u0001" })?.details).toMatchObject([{ path: "text" }]);
  });
});

describe("a speech plan", () => {
  it("speaks with the built-in voice and its words when the caller sends none", () => {
    const made = plan("tts");
    const reference = { from: "builtin", file: "tts/voice/default.wav" };
    expect(made.media).toEqual([{ name: "voice_reference", accepts: "audio", reference }]);
    expect(valuesOf(made).voiceText).toMatch(/^The harbour lights/);
  });

  it("speaks with the caller's voice when its words come along", () => {
    const made = plan("tts", { voice_reference: "asset-1", voice_text: " Good {morning}.\n" });
    expect(made.media[0]?.reference).toEqual({ from: "caller", text: "asset-1" });
    expect(valuesOf(made).voiceText).toBe("Good (morning).");
  });

  it.each([undefined, "", " ", "\u0000"])(
    "asks for the words of a voice that comes without them (%j)",
    (voice_text) => {
      const message =
        "voice_text is missing: expected exactly what is said in voice_reference, because the model aligns the two.";
      expect(refusal("tts", { voice_reference: "asset-1", voice_text })).toMatchObject({
        code: "voice_text_required",
        message,
      });
    },
  );

  it("refuses the words of a voice that was not sent", () => {
    expect(refusal("tts", { voice_text: "Good morning." })).toMatchObject({
      code: "invalid_input",
      details: [{ path: "voice_text" }],
    });
  });

  it.each([
    [undefined, 1],
    [2, 0.5],
    [0.5, 2],
    [4, 0.25],
    [0.25, 4],
    [1.5, 0.67],
  ])("turns our speed %s, where more is faster, into the node's %s, where more is slower", (speed, nodeSpeed) => {
    expect(valuesOf(plan("tts", { speed })).speed).toBe(nodeSpeed);
  });
});

describe("a lip-sync plan", () => {
  it("takes the face and the speech, and renders up to a minute", () => {
    const made = plan("lipsync");
    expect(made.media.map(({ name, accepts }) => [name, accepts])).toEqual([
      ["portrait_image", "image"],
      ["audio", "audio"],
    ]);
    expect(valuesOf(made).duration).toBe(60);
  });
});
