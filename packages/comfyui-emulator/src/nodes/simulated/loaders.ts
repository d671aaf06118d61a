import { type NodeClass, type NodeContext, NodeError, type NodeInputs } from "../../node.ts";
import { node, textInput } from "../inputs.ts";
import { createModel } from "./values.ts";

/** Loading weights takes a moment. */
const LOAD_MS = 60;

/** Classes that load weights: which inputs name the files, and how many values come out. */
const LOADERS: Readonly<Record<string, { readonly files: readonly string[]; readonly outputs: number }>> = {
  CheckpointLoaderSimple: { files: ["ckpt_name"], outputs: 3 },
  ImageOnlyCheckpointLoader: { files: ["ckpt_name"], outputs: 3 },
  UNETLoader: { files: ["unet_name"], outputs: 1 },
  CLIPLoader: { files: ["clip_name"], outputs: 1 },
  DualCLIPLoader: { files: ["clip_name1", "clip_name2"], outputs: 1 },
  TripleCLIPLoader: { files: ["clip_name1", "clip_name2", "clip_name3"], outputs: 1 },
  CLIPVisionLoader: { files: ["clip_name"], outputs: 1 },
  VAELoader: { files: ["vae_name"], outputs: 1 },
  ControlNetLoader: { files: ["control_net_name"], outputs: 1 },
  UpscaleModelLoader: { files: ["model_name"], outputs: 1 },
  UnetLoaderGGUF: { files: ["unet_name"], outputs: 1 },
  UnetLoaderGGUFAdvanced: { files: ["unet_name"], outputs: 1 },
  CLIPLoaderGGUF: { files: ["clip_name"], outputs: 1 },
  DualCLIPLoaderGGUF: { files: ["clip_name1", "clip_name2"], outputs: 1 },
  TripleCLIPLoaderGGUF: { files: ["clip_name1", "clip_name2", "clip_name3"], outputs: 1 },
  QuadrupleCLIPLoaderGGUF: { files: ["clip_name1", "clip_name2", "clip_name3", "clip_name4"], outputs: 1 },
};

/** Says whether a model file is there; checked again when it is loaded, as files can vanish after validation. */
export type HasModel = (classType: string, name: string) => boolean;

export function createLoaderNodes(hasModel: HasModel): readonly NodeClass[] {
  const loaders = Object.entries(LOADERS).map(([classType, { files, outputs }]) =>
    node(classType, async (inputs, context) => {
      const names = files.map((key) => textInput(inputs, key));
      await load(names, (name) => hasModel(classType, name), context);
      return { outputs: Array.from({ length: outputs }, () => createModel(...names)) };
    }),
  );
  return [...loaders, ...createLoraNodes(hasModel)];
}

function createLoraNodes(hasModel: HasModel): readonly NodeClass[] {
  const patch = async (classType: string, inputs: NodeInputs, context: NodeContext, keys: readonly string[]) => {
    const name = textInput(inputs, "lora_name");
    await load([name], (file) => hasModel(classType, file), context);
    return { outputs: keys.map((key) => inputs[key] ?? null) };
  };
  return [
    node("LoraLoader", (inputs, context) => patch("LoraLoader", inputs, context, ["model", "clip"])),
    node("LoraLoaderModelOnly", (inputs, context) => patch("LoraLoaderModelOnly", inputs, context, ["model"])),
  ];
}

async function load(names: readonly string[], isThere: (name: string) => boolean, context: NodeContext): Promise<void> {
  await context.work(LOAD_MS * names.length);
  const missing = names.find((name) => !isThere(name));
  if (missing === undefined) return;
  throw new NodeError("FileNotFoundError", `No such file or directory: "models/${missing}"`);
}
