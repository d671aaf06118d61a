import type { Painter } from "../../media/painting/painter.ts";
import type { NodeClass, NodeContext, NodeInputs, NodeResult } from "../../node.ts";
import { node, numberInput, pureNode, seedInput, textInput } from "../inputs.ts";
import { sample } from "./sampling.ts";
import { type Guider, type Noise, type Sampler, type Sigmas, simulatedInput } from "./values.ts";

export function createSamplerNodes(painter: Painter, stepMs: number): readonly NodeClass[] {
  return [
    node("KSampler", async (inputs, context) => {
      simulatedInput(inputs, "model", "model");
      const steps = numberInput(inputs, "steps");
      const denoise = numberInput(inputs, "denoise", 1);
      const seed = seedInput(inputs, "seed");
      return run(inputs, context, { steps, denoise, seed });
    }),
    node("KSamplerAdvanced", async (inputs, context) => {
      simulatedInput(inputs, "model", "model");
      const total = numberInput(inputs, "steps");
      const [start, end] = [numberInput(inputs, "start_at_step"), numberInput(inputs, "end_at_step")];
      const steps = Math.max(0, Math.min(total, end) - Math.min(total, start));
      const denoise = textInput(inputs, "add_noise") === "disable" ? 0 : steps / total;
      return run(inputs, context, { steps, denoise, seed: seedInput(inputs, "noise_seed") });
    }),
    node("SamplerCustomAdvanced", (inputs, context) => runCustom(inputs, context)),
    pureNode("KSamplerSelect", (inputs) => [
      { kind: "sampler", name: textInput(inputs, "sampler_name") } satisfies Sampler,
    ]),
    pureNode("RandomNoise", (inputs) => [{ kind: "noise", seed: seedInput(inputs, "noise_seed") } satisfies Noise]),
    pureNode("BasicScheduler", (inputs) => {
      simulatedInput(inputs, "model", "model");
      const steps = numberInput(inputs, "steps");
      return [{ kind: "sigmas", steps, denoise: numberInput(inputs, "denoise") } satisfies Sigmas];
    }),
    pureNode("BasicGuider", (inputs) => {
      simulatedInput(inputs, "model", "model");
      const positive = simulatedInput(inputs, "conditioning", "conditioning");
      return [{ kind: "guider", positive } satisfies Guider];
    }),
    pureNode("ModelSamplingFlux", (inputs) => [simulatedInput(inputs, "model", "model")]),
  ];

  async function run(
    inputs: NodeInputs,
    context: NodeContext,
    how: { steps: number; denoise: number; seed: string },
  ): Promise<NodeResult> {
    const latent = simulatedInput(inputs, "latent_image", "latent");
    const positive = simulatedInput(inputs, "positive", "conditioning");
    const negative = simulatedInput(inputs, "negative", "conditioning").text;
    return { outputs: [await sample(painter, { latent, positive, negative, stepMs, ...how }, context)] };
  }

  async function runCustom(inputs: NodeInputs, context: NodeContext): Promise<NodeResult> {
    const { positive } = simulatedInput(inputs, "guider", "guider");
    const { seed } = simulatedInput(inputs, "noise", "noise");
    const { steps, denoise } = simulatedInput(inputs, "sigmas", "sigmas");
    simulatedInput(inputs, "sampler", "sampler");
    const latent = simulatedInput(inputs, "latent_image", "latent");
    const result = await sample(painter, { latent, positive, negative: "", seed, steps, denoise, stepMs }, context);
    return { outputs: [result, result] };
  }
}
