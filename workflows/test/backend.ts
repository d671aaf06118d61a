import { type ObjectInfo, objectInfo } from "@comfy/comfyui-contract";
import recorded from "@comfy/comfyui-contract/fixtures/object_info.slim.json" with { type: "json" };

/** The node classes of a real ComfyUI 0.3.64 with the packs our graphs use, and no model files. */
export const bareBackend: ObjectInfo = objectInfo.parse(recorded);

/** Model files by loader class and input. */
export type ModelFiles = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

export const everyModel: ModelFiles = {
  UnetLoaderGGUF: { unet_name: ["flux1-dev-Q8_0.gguf", "flux1-schnell-Q4_K_S.gguf"] },
  DualCLIPLoaderGGUF: {
    clip_name1: ["clip_l.safetensors", "t5-v1_1-xxl-encoder-Q4_K_M.gguf"],
    clip_name2: ["clip_l.safetensors", "t5-v1_1-xxl-encoder-Q4_K_M.gguf"],
  },
  VAELoader: { vae_name: ["ae.safetensors", "pixel_space"] },
  CheckpointLoaderSimple: {
    ckpt_name: ["flux1-schnell-fp8.safetensors", "sd_xl_base_1.0.safetensors", "svd_xt_1_1.safetensors"],
  },
  ImageOnlyCheckpointLoader: { ckpt_name: ["flux1-schnell-fp8.safetensors", "svd_xt_1_1.safetensors"] },
  SONICTLoader: { sonic_unet: ["none", "unet.pth"] },
};

/** A backend with these model files, where newer servers would declare the lists the V3 way. */
export function withModels(files: ModelFiles, declaredAs: "v1" | "v3" = "v1"): ObjectInfo {
  const backend = structuredClone(bareBackend);
  for (const [name, inputs] of Object.entries(files)) {
    const required = backend[name]?.input.required;
    if (!required) throw new RangeError(`The recorded answers have no class ${name}.`);
    for (const [input, choices] of Object.entries(inputs)) {
      required[input] = declaredAs === "v1" ? [[...choices]] : ["COMBO", { options: [...choices] }];
    }
  }
  return backend;
}

/** A backend without some classes. */
export function withoutClasses(backend: ObjectInfo, ...names: readonly string[]): ObjectInfo {
  return Object.fromEntries(Object.entries(backend).filter(([name]) => !names.includes(name)));
}

export const fullBackend: ObjectInfo = withModels(everyModel);
