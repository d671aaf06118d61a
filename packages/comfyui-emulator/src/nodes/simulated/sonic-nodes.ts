import { durationOf } from "../../media/audio.ts";
import { simulateTalking } from "../../media/lip-sync.ts";
import { type NodeClass, NodeError } from "../../node.ts";
import { PythonFloat } from "../../python/values.ts";
import { imageInput, node, numberInput, seedInput, soundInput, textInput } from "../inputs.ts";
import type { HasModel } from "./loaders.ts";
import { createModel, type SonicData, simulatedInput } from "./values.ts";

const LOAD_MS = 120;
const PREPARE_MS = 200;
/** Per second of video. */
const SAMPLE_MS = 250;

export function createSonicNodes(hasModel: HasModel): readonly NodeClass[] {
  return [
    node("SONICTLoader", async (inputs, context) => {
      simulatedInput(inputs, "model", "model");
      const name = textInput(inputs, "sonic_unet");
      await context.work(LOAD_MS);
      if (name === "none" || !hasModel("SONICTLoader", name)) {
        throw new NodeError("Exception", "Please download the model first");
      }
      return { outputs: [createModel(name), textInput(inputs, "dtype", "fp16")] };
    }),
    node("SONIC_PreData", async (inputs, context) => {
      simulatedInput(inputs, "clip_vision", "model");
      simulatedInput(inputs, "vae", "model");
      await context.work(PREPARE_MS);
      const data: SonicData = {
        kind: "sonic",
        portrait: imageInput(inputs, "image"),
        sound: soundInput(inputs, "audio"),
        shortSide: numberInput(inputs, "min_resolution", 512),
        durationSecondsMax: numberInput(inputs, "duration", 10),
      };
      return { outputs: [data] };
    }),
    // The real sampler reports no progress, so nothing can interrupt it half-way; neither can anything here.
    node("SONICSampler", async (inputs, context) => {
      simulatedInput(inputs, "model", "model");
      const data = simulatedInput(inputs, "data_dict", "sonic");
      const framesPerSecond = numberInput(inputs, "fps", 25);
      await context.work(SAMPLE_MS * Math.min(data.durationSecondsMax, durationOf(data.sound)));
      const seed = seedInput(inputs, "seed");
      return { outputs: [simulateTalking({ ...data, framesPerSecond, seed }), new PythonFloat(framesPerSecond)] };
    }),
  ];
}
