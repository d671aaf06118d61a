import { isLink } from "@comfy/comfyui-contract";
import { kinds } from "@comfy/contracts";
import { describe, expect, it } from "vitest";
import { bindPlan, type Plan, type PlanOutcome, planJob, workflowOf } from "../src/index.ts";
import { classesOf } from "../src/template.ts";
import { bareBackend, everyModel, fullBackend, withModels } from "./backend.ts";
import { findGraphFaults } from "./graph-faults.ts";

const choices = { randomSeed: (max: number) => max };
const speech = "https://example.com/voice.wav";

/** Each kind at its plainest, and with every number at both ends of what the contract allows. */
const inputs = {
  portrait: [
    { description: "Viking warrior" },
    {
      description: "x".repeat(2000),
      width: 256,
      height: 2048,
      style: "anime",
      negative_prompt: "y".repeat(2000),
      seed: 0,
    },
    { description: "a", width: 2047, height: 257, seed: 2 ** 53 - 1 },
  ],
  image: [
    { prompt: "a lighthouse" },
    {
      prompt: "z".repeat(4000),
      width: 64,
      height: 2048,
      steps: 1,
      cfg_scale: 0,
      sampler: "uni_pc_bh2",
      scheduler: "kl_optimal",
    },
    { prompt: "a", negative_prompt: "", width: 2047, height: 65, steps: 150, cfg_scale: 30, seed: 2 ** 53 - 1 },
  ],
  tts: [
    { text: "Hello." },
    { text: "x".repeat(5000), voice_reference: speech, voice_text: "Hello.", speed: 0.25, seed: 0 },
    { text: "a", speed: 4, seed: 2 ** 53 - 1 },
  ],
  lipsync: [
    { portrait_image: "https://example.com/face.png", audio: speech },
    { portrait_image: "a", audio: "b", seed: 0 },
    { portrait_image: "a", audio: "b", seed: 2 ** 31 - 1 },
  ],
} as const;

function planOf(outcome: PlanOutcome): Plan {
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.plan;
}

const media = { voice_reference: "voice-1.wav", portrait_image: "face-1.png", audio: "speech-1.wav" };
const isUpload = (name: string) => name === "LoadImage" || name === "LoadAudio";

const cases = kinds.flatMap((kind) =>
  inputs[kind].flatMap((input, index) => {
    const plan = planOf(planJob(kind, input, choices));
    return plan.variants.map((variant) => ({ title: `${kind} ${index + 1} as ${variant.id}`, plan, variant }));
  }),
);

describe("every graph, bound", () => {
  it.each(cases)("is sound: $title", ({ plan, variant }) => {
    const bound = bindPlan(
      { ...plan, variants: [variant] },
      { inventory: fullBackend, media, filenamePrefix: "jobs/1/2" },
    );
    expect(bound).toMatchObject({ ok: true, variant });
    if (!bound.ok) return;
    expect(findGraphFaults(bound.graph, fullBackend, isUpload)).toEqual([]);
    const saving = Object.keys(bound.graph).filter((id) => bareBackend[bound.graph[id]?.class_type ?? ""]?.output_node);
    expect([...bound.outputNodes].sort()).toEqual(saving.sort());
    for (const id of saving) expect(bound.graph[id]?.inputs.filename_prefix).toBe("jobs/1/2");
  });

  it("is sound too where a server declares its lists the V3 way", () => {
    const newer = withModels(everyModel, "v3");
    const bound = bindPlan(planOf(planJob("portrait", { description: "Viking warrior" }, choices)), {
      ...{ inventory: newer, media, filenamePrefix: "p" },
    });
    expect(bound.ok && findGraphFaults(bound.graph, newer)).toEqual([]);
  });
});

describe("every template", () => {
  const templates = kinds.flatMap((kind) =>
    workflowOf(kind).templates.map((template) => ({ kind, template, id: template.id })),
  );

  it.each(templates)("of $kind fills places that exist: $id", ({ template }) => {
    const places = [...Object.values(template.values).flat(), ...Object.values(template.media), ...template.models];
    for (const { node, input } of places) expect(template.graph[node]?.inputs).toHaveProperty(input);
  });

  it.each(templates)(
    "of $kind titles its nodes, asks first for the file it names, and says where to get it: $id",
    ({ template }) => {
      for (const node of Object.values(template.graph)) expect(node._meta?.title).toMatch(/\w/);
      for (const slot of template.models) {
        expect(template.graph[slot.node]?.inputs[slot.input]).toBe(slot.files[0]);
        expect(slot.install).toContain(slot.files[0]);
        expect(slot.install).toMatch(/Hugging Face: \S+\/\S+.*models\/\w+\.$/);
      }
    },
  );

  it.each(kinds)("names every node class that %s may need, each once", (kind) => {
    const { classes, templates: own } = workflowOf(kind);
    expect([...classes].sort()).toEqual([...new Set(own.flatMap(({ graph }) => classesOf(graph)))].sort());
    for (const name of classes) expect(Object.keys(bareBackend)).toContain(name);
  });

  it.each(kinds)("gives a value for each of its places: %s", (kind) => {
    for (const { id, values } of planOf(planJob(kind, inputs[kind][0], choices)).variants) {
      const template = workflowOf(kind).templates.find((one) => one.id === id);
      expect(Object.keys(values).sort()).toEqual(Object.keys(template?.values ?? {}).sort());
    }
  });
});

describe("no mistake in a graph stays unseen", () => {
  it.each(cases)("neither a lost input, nor a misspelt one, nor a link gone astray: $title", ({ plan, variant }) => {
    const bound = bindPlan({ ...plan, variants: [variant] }, { inventory: fullBackend, media, filenamePrefix: "p" });
    const graph = bound.ok ? bound.graph : {};
    for (const [id, node] of Object.entries(graph)) {
      for (const [input, value] of Object.entries(node.inputs)) {
        const { [input]: _lost, ...rest } = node.inputs;
        const astray = isLink(value) ? [value[0], value[1] + 7] : { not: "a constant of any type" };
        for (const inputs of [rest, { ...rest, [`${input}_`]: value }, { ...rest, [input]: astray }]) {
          const faults = findGraphFaults({ ...graph, [id]: { ...node, inputs } }, fullBackend, isUpload);
          // CreateVideo renders without sound too, so there the sound alone may be lost.
          const isOptional = inputs === rest && bareBackend[node.class_type]?.input.optional?.[input] !== undefined;
          expect([id, input, faults.length > 0 || isOptional]).toEqual([id, input, true]);
        }
      }
    }
  });
});
