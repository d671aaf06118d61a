import type { Graph } from "@comfy/comfyui-contract";

/** A sampling step takes longer than most nodes do as a whole: with this, a picture of 25 steps is seven eighths sampling. */
const STEP_WEIGHT = 2;
/** Beyond this a node counts something smaller than steps, e.g. frames of a film being written. */
const STEPS_MAX = 100;

const stepInputs = ["steps", "inference_steps"];

/** What a node that counts to `steps` is worth; one that does not count is worth 1. */
export const weightOfSteps = (steps: number): number => Math.max(1, Math.min(steps, STEPS_MAX) * STEP_WEIGHT);

function readSteps(inputs: Readonly<Record<string, unknown>>): number {
  const steps = stepInputs.map((name) => Number(inputs[name])).find((value) => Number.isFinite(value) && value > 0);
  return steps ?? 0;
}

// `KSamplerSelect` only names an algorithm.
const isSampler = (classType: string): boolean => /sampler/i.test(classType) && !/select/i.test(classType);

/** How much of the work each node of a graph is, as far as the graph says. The steps of a custom sampler stand in its scheduler. */
export function weighNodes(graph: Graph): Map<string, number> {
  const stepsMost = Math.max(0, ...Object.values(graph).map(({ inputs }) => readSteps(inputs)));
  return new Map(
    Object.entries(graph).map(([node, { class_type, inputs }]) => {
      const steps = readSteps(inputs) || stepsMost;
      return [node, isSampler(class_type) && steps > 0 ? weightOfSteps(steps) : 1];
    }),
  );
}
