import type { ObjectInfo } from "@comfy/comfyui-contract";
import { describe, expect, it } from "vitest";
import { bindPlan, chooseVariant, type Plan, planJob } from "../src/index.ts";
import { bareBackend, everyModel, fullBackend, withModels, withoutClasses } from "./backend.ts";

function planOf(kind: "portrait" | "tts" | "lipsync", input: object = {}): Plan {
  const plain = {
    portrait: { description: "Viking warrior" },
    tts: { text: "Hello." },
    lipsync: { portrait_image: "a", audio: "b" },
  }[kind];
  const outcome = planJob(kind, { ...plain, ...input }, { randomSeed: () => 5 });
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.plan;
}

const portrait = planOf("portrait");
const bind = (plan: Plan, inventory: ObjectInfo, media: Record<string, string> = {}) =>
  bindPlan(plan, { inventory, media, filenamePrefix: "jobs/1/2" });
const chosen = (plan: Plan, inventory: ObjectInfo) => {
  const choice = chooseVariant(plan, inventory);
  return choice.ok ? choice.variant.id : choice.missing.map(({ what, name }) => `${what} ${name}`);
};

describe("choosing a variant", () => {
  it("takes the preferred one where everything is there", () => {
    expect(chosen(portrait, fullBackend)).toBe("flux-schnell-gguf");
  });

  it("goes down the list as things are missing", () => {
    const { UnetLoaderGGUF: _none, ...withoutGguf } = everyModel;
    expect(chosen(portrait, withModels(withoutGguf))).toBe("flux-schnell-fp8");
    expect(chosen(portrait, withoutClasses(fullBackend, "UnetLoaderGGUF"))).toBe("flux-schnell-fp8");
    const onlySdxl = { CheckpointLoaderSimple: { ckpt_name: ["sd_xl_base_1.0.safetensors"] } };
    expect(chosen(portrait, withModels(onlySdxl))).toBe("sdxl");
  });

  it("never takes another model than the one asked for", () => {
    const onlySdxl = withModels({ CheckpointLoaderSimple: { ckpt_name: ["sd_xl_base_1.0.safetensors"] } });
    expect(chosen(planOf("portrait", { model: "flux-schnell-fp8" }), onlySdxl)).toEqual([
      "model flux1-schnell-fp8.safetensors",
    ]);
  });

  it("names every file that the preferred variant lacks, with where to get it", () => {
    expect(chosen(portrait, bareBackend)).toEqual([
      "model flux1-schnell-Q8_0.gguf",
      "model t5-v1_1-xxl-encoder-Q8_0.gguf",
      "model clip_l.safetensors",
      "model ae.safetensors",
    ]);
    const choice = chooseVariant(portrait, bareBackend);
    expect(choice.ok || choice.missing[3]?.install).toBe(
      "Put ae.safetensors (Hugging Face: black-forest-labs/FLUX.1-schnell) into models/vae.",
    );
  });

  it("names every node class that is not installed, with its pack", () => {
    expect(chosen(planOf("tts"), withoutClasses(fullBackend, "F5TTSAudioInputs"))).toEqual(["node F5TTSAudioInputs"]);
    const choice = chooseVariant(planOf("lipsync"), withoutClasses(fullBackend, "SONICSampler", "SaveVideo"));
    expect(choice).toMatchObject({
      missing: [
        { what: "node", name: "SONICSampler", install: expect.stringContaining("github.com/smthemex/ComfyUI_Sonic") },
        { what: "node", name: "SaveVideo", install: expect.stringContaining("update ComfyUI") },
      ],
    });
  });

  it("says so when a backend is too old for a word of the graph", () => {
    const old = structuredClone(fullBackend);
    const words = old.KSampler?.input.required;
    if (words) words.sampler_name = [["euler"]];
    expect(chosen(portrait, old)).toBe("flux-schnell-gguf");
    const choice = chooseVariant(planOf("portrait", { model: "sdxl" }), old);
    expect(choice).toMatchObject({ ok: false, missing: [{ what: "node", name: "KSampler" }] });
    expect(choice.ok || choice.missing[0]?.install).toContain(
      'KSampler does not offer sampler_name "dpmpp_2m" on this backend.',
    );
  });

  it("finds an empty backend short of everything, and names nothing of the prototype", () => {
    expect(chosen(planOf("tts"), {})).toEqual(["node LoadAudio", "node F5TTSAudioInputs", "node SaveAudio"]);
  });
});

describe("binding", () => {
  it("puts words, seed, sizes, the backend's own files and the prefix into the graph", () => {
    const bound = bind(planOf("portrait", { width: 640, seed: 9 }), fullBackend);
    expect(bound).toMatchObject({
      ok: true,
      variant: { id: "flux-schnell-gguf", model: "flux-schnell" },
      outputNodes: ["save"],
      models: ["flux1-schnell-Q4_K_S.gguf", "t5-v1_1-xxl-encoder-Q4_K_M.gguf", "clip_l.safetensors", "ae.safetensors"],
      graph: {
        unet: { inputs: { unet_name: "flux1-schnell-Q4_K_S.gguf" } },
        clip: {
          inputs: { clip_name1: "t5-v1_1-xxl-encoder-Q4_K_M.gguf", clip_name2: "clip_l.safetensors", type: "flux" },
        },
        positive: { inputs: { text: expect.stringContaining("a Viking warrior") } },
        latent: { inputs: { width: 640, height: 1024 } },
        sampler: { inputs: { seed: 9, steps: 4, cfg: 1 } },
        save: { inputs: { filename_prefix: "jobs/1/2" } },
      },
    });
  });

  it("gives a graph of its own each time", () => {
    const first = bind(portrait, fullBackend);
    if (first.ok) for (const node of Object.values(first.graph)) node.inputs = {};
    const second = bind(portrait, fullBackend);
    expect(second.ok && second.graph.save?.inputs.filename_prefix).toBe("jobs/1/2");
  });

  it("works on a plan that was stored and read back", () => {
    expect(bind(JSON.parse(JSON.stringify(portrait)), fullBackend)).toEqual(bind(portrait, fullBackend));
  });

  it("puts each uploaded file into its loader", () => {
    const bound = bind(planOf("lipsync"), fullBackend, { portrait_image: "in/face.png", audio: "in/speech.wav" });
    const graph = bound.ok ? bound.graph : {};
    expect([graph.portrait?.inputs.image, graph.audio?.inputs.audio]).toEqual(["in/face.png", "in/speech.wav"]);
  });

  it.each([{}, { audio: "in/speech.wav" }, { audio: "in/speech.wav", portrait_image: "" }])(
    "insists on every upload: %j",
    (media) => {
      expect(() => bind(planOf("lipsync"), fullBackend, media)).toThrow(
        "No uploaded file was given for portrait_image",
      );
    },
  );

  it("reports what is missing instead of a graph", () => {
    expect(bind(portrait, bareBackend)).toMatchObject({
      ok: false,
      missing: [{ name: "flux1-schnell-Q8_0.gguf" }, {}, {}, {}],
    });
  });

  it("renders what it still knows of a plan made by another version, and refuses one it does not know at all", () => {
    const [gguf, ...others] = portrait.variants;
    if (!gguf) throw new Error("no variant");
    const newer: Plan = { ...portrait, version: 9, variants: [{ ...gguf, id: "flux-3" }, ...others] };
    expect(bind(newer, fullBackend)).toMatchObject({ ok: true, variant: { id: "flux-schnell-fp8" } });
    const unknown: Plan = { ...newer, variants: [{ ...gguf, id: "flux-3" }] };
    expect(() => bind(unknown, fullBackend)).toThrow(
      "A portrait plan of version 9 asks for flux-3: version 1 has flux-schnell-gguf,",
    );
  });
});
