import type { NodeInfo } from "@comfy/comfyui-contract";

type Specs = NonNullable<NodeInfo["input"]["required"]>;

const toClass = (name: string, required: Specs, output: string[], isOutput = false) => ({
  input: { required },
  input_order: { required: Object.keys(required) },
  output,
  output_is_list: output.map(() => false),
  output_name: output,
  name,
  display_name: name,
  description: "",
  python_module: "nodes",
  category: "stub",
  output_node: isOutput,
});

const int = { default: 1, min: 0, max: 2 ** 53 };

/** What the picture graphs need of a server; one checkpoint is installed. */
export const nodeClasses: Readonly<Record<string, NodeInfo>> = {
  CheckpointLoaderSimple: toClass("CheckpointLoaderSimple", { ckpt_name: [["flux1-schnell-fp8.safetensors"]] }, [
    "MODEL",
    "CLIP",
    "VAE",
  ]),
  CLIPTextEncode: toClass("CLIPTextEncode", { text: ["STRING", { multiline: true }], clip: ["CLIP"] }, [
    "CONDITIONING",
  ]),
  ConditioningZeroOut: toClass("ConditioningZeroOut", { conditioning: ["CONDITIONING"] }, ["CONDITIONING"]),
  EmptySD3LatentImage: toClass(
    "EmptySD3LatentImage",
    { width: ["INT", int], height: ["INT", int], batch_size: ["INT", int] },
    ["LATENT"],
  ),
  KSampler: toClass(
    "KSampler",
    {
      model: ["MODEL"],
      seed: ["INT", int],
      steps: ["INT", int],
      cfg: ["FLOAT", { default: 8, min: 0, max: 100 }],
      sampler_name: [["euler", "dpmpp_2m"]],
      scheduler: [["simple", "karras", "normal"]],
      positive: ["CONDITIONING"],
      negative: ["CONDITIONING"],
      latent_image: ["LATENT"],
      denoise: ["FLOAT", { default: 1, min: 0, max: 1 }],
    },
    ["LATENT"],
  ),
  VAEDecode: toClass("VAEDecode", { samples: ["LATENT"], vae: ["VAE"] }, ["IMAGE"]),
  SaveImage: toClass("SaveImage", { images: ["IMAGE"], filename_prefix: ["STRING", { default: "ComfyUI" }] }, [], true),
};
