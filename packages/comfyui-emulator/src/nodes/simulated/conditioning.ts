import type { NodeClass, NodeInputs } from "../../node.ts";
import { imageInput, node, numberInput, optionalImage, pureNode, textInput } from "../inputs.ts";
import { type Conditioning, createLatentOf, simulatedInput } from "./values.ts";

const ENCODE_MS = 25;

export const conditioningNodes: readonly NodeClass[] = [
  node("CLIPTextEncode", async (inputs, context) => {
    simulatedInput(inputs, "clip", "model");
    await context.work(ENCODE_MS);
    return { outputs: [createConditioning(textInput(inputs, "text"))] };
  }),
  node("CLIPTextEncodeFlux", async (inputs, context) => {
    simulatedInput(inputs, "clip", "model");
    await context.work(ENCODE_MS);
    // T5 reads the sentence, CLIP-L the keywords; people write the same into both.
    const [long, short] = [textInput(inputs, "t5xxl"), textInput(inputs, "clip_l")];
    return { outputs: [createConditioning(long === "" ? short : long)] };
  }),
  pureNode("CLIPSetLastLayer", (inputs) => [simulatedInput(inputs, "clip", "model")]),
  pureNode("FluxGuidance", (inputs) => [conditioning(inputs, "conditioning")]),
  pureNode("ConditioningZeroOut", (inputs) => {
    conditioning(inputs, "conditioning");
    return [createConditioning("")];
  }),
  pureNode("ControlNetApplyAdvanced", (inputs) => {
    simulatedInput(inputs, "control_net", "model");
    const control = { image: imageInput(inputs, "image"), strength: numberInput(inputs, "strength") };
    return ["positive", "negative"].map((key) => {
      const held = conditioning(inputs, key);
      return control.strength === 0 ? held : { ...held, controls: [...held.controls, control] };
    });
  }),
  pureNode("InpaintModelConditioning", (inputs) => {
    simulatedInput(inputs, "vae", "model");
    const latent = createLatentOf(imageInput(inputs, "pixels"));
    const noiseMask = inputs.noise_mask === false ? undefined : optionalImage(inputs, "mask");
    return [conditioning(inputs, "positive"), conditioning(inputs, "negative"), { ...latent, noiseMask }];
  }),
];

function conditioning(inputs: NodeInputs, key: string): Conditioning {
  return simulatedInput(inputs, key, "conditioning");
}

function createConditioning(text: string): Conditioning {
  return { kind: "conditioning", text, controls: [] };
}
