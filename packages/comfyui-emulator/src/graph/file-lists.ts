import { isPythonList, isPythonObject, type PythonJson, type PythonObject } from "../python/values.ts";
import { type NodeInfo, parseNodeInfo } from "./object-info.ts";

/** Which file names an input offers: model folders, or files of `input/` by kind. */
export type FileSource =
  | { readonly models: readonly string[]; readonly before?: readonly string[] }
  | { readonly input: "image" | "audio" | "video" | "sound" | "voice" | "folder" };

const CLIP = { models: ["text_encoders"] };
const CLIP_GGUF = { models: ["text_encoders", "clip_gguf"] };
const CHECKPOINTS = { models: ["checkpoints"] };
const LORAS = { models: ["loras"] };
const VOICE = { input: "voice" } as const;

/** Inputs whose choices are files, by class. */
export const FILE_INPUTS: Readonly<Record<string, Readonly<Record<string, FileSource>>>> = {
  CheckpointLoaderSimple: { ckpt_name: CHECKPOINTS },
  ImageOnlyCheckpointLoader: { ckpt_name: CHECKPOINTS },
  UNETLoader: { unet_name: { models: ["diffusion_models"] } },
  CLIPLoader: { clip_name: CLIP },
  DualCLIPLoader: { clip_name1: CLIP, clip_name2: CLIP },
  TripleCLIPLoader: { clip_name1: CLIP, clip_name2: CLIP, clip_name3: CLIP },
  CLIPVisionLoader: { clip_name: { models: ["clip_vision"] } },
  VAELoader: { vae_name: { models: ["vae"] } },
  LoraLoader: { lora_name: LORAS },
  LoraLoaderModelOnly: { lora_name: LORAS },
  ControlNetLoader: { control_net_name: { models: ["controlnet"] } },
  UpscaleModelLoader: { model_name: { models: ["upscale_models"] } },
  UnetLoaderGGUF: { unet_name: { models: ["unet_gguf"] } },
  UnetLoaderGGUFAdvanced: { unet_name: { models: ["unet_gguf"] } },
  CLIPLoaderGGUF: { clip_name: CLIP_GGUF },
  DualCLIPLoaderGGUF: { clip_name1: CLIP_GGUF, clip_name2: CLIP_GGUF },
  TripleCLIPLoaderGGUF: { clip_name1: CLIP_GGUF, clip_name2: CLIP_GGUF, clip_name3: CLIP_GGUF },
  QuadrupleCLIPLoaderGGUF: {
    clip_name1: CLIP_GGUF,
    clip_name2: CLIP_GGUF,
    clip_name3: CLIP_GGUF,
    clip_name4: CLIP_GGUF,
  },
  SONICTLoader: { sonic_unet: { models: ["sonic"], before: ["none"] } },
  LoadImage: { image: { input: "image" } },
  LoadImageMask: { image: { input: "image" } },
  LoadAudio: { audio: { input: "sound" } },
  LoadVideo: { file: { input: "video" } },
  F5TTSAudio: { sample: VOICE },
  F5TTSAudioAdvanced: { sample: VOICE },
  VHS_LoadAudioUpload: { audio: { input: "audio" } },
  VHS_LoadVideo: { video: { input: "video" } },
  VHS_LoadImages: { directory: { input: "folder" } },
};

/** The names that a source offers at this moment, sorted. */
export type ListFiles = (source: FileSource) => readonly string[];

/** The class with its file lists filled in. Recorded choices without a file (`pixel_space`) stay at the end. */
export function withFileLists(info: NodeInfo, listFiles: ListFiles): NodeInfo {
  const sources = FILE_INPUTS[info.classType];
  if (sources === undefined) return info;
  const input: Record<string, PythonJson> = { ...(isPythonObject(info.entry.input) ? info.entry.input : {}) };
  for (const group of ["required", "optional"]) {
    const specs = input[group];
    if (isPythonObject(specs)) input[group] = fillGroup(specs, sources, listFiles);
  }
  return parseNodeInfo(info.classType, { ...info.entry, input });
}

function fillGroup(
  specs: PythonObject,
  sources: Readonly<Record<string, FileSource>>,
  listFiles: ListFiles,
): PythonObject {
  const filled: Record<string, PythonJson> = { ...specs };
  for (const [name, source] of Object.entries(sources)) {
    const spec = specs[name];
    if (!isPythonList(spec)) continue;
    const before = "before" in source ? (source.before ?? []) : [];
    const names = [...before, ...listFiles(source)];
    const [type, options] = spec;
    filled[name] = isPythonList(type)
      ? [[...names, ...type.filter((choice) => !names.includes(String(choice)))], ...spec.slice(1)]
      : ["COMBO", { ...(isPythonObject(options) ? options : {}), options: names }];
  }
  return filled;
}
