import { readdirSync } from "node:fs";
import { extname, join } from "node:path";
import type { FileSource } from "../graph/file-lists.ts";
import type { Folders } from "./folders.ts";

/** Model files that exist in name only, by folder key. */
export type PretendModels = Readonly<Record<string, readonly string[]>>;

/** Names that make the usual Flux, SDXL, F5-TTS and Sonic graphs valid. */
export const DEFAULT_MODELS: PretendModels = {
  checkpoints: [
    "flux1-schnell-fp8.safetensors",
    "sd_xl_base_1.0.safetensors",
    "svd_xt_1_1.safetensors",
    "tiny_sd3.safetensors",
  ],
  clip_vision: ["clip_vision_h.safetensors"],
  controlnet: ["controlnet-canny-sdxl.safetensors"],
  diffusion_models: ["flux1-schnell.safetensors"],
  loras: ["detail-tweaker-xl.safetensors"],
  text_encoders: ["clip_l.safetensors", "t5xxl_fp8_e4m3fn.safetensors"],
  unet_gguf: ["flux1-schnell-Q4_K_S.gguf"],
  clip_gguf: ["t5-v1_1-xxl-encoder-Q4_K_M.gguf"],
  upscale_models: ["RealESRGAN_x4plus.safetensors"],
  vae: ["ae.safetensors", "sdxl_vae.safetensors"],
  sonic: ["audio2bucket.pth", "audio2token.pth", "unet.pth", "yoloface_v5m.pt"],
};

/** The keys of `/models`, in ComfyUI's order; the last four come from node packs. */
export const MODEL_FOLDERS: readonly string[] = (
  "checkpoints configs loras vae text_encoders diffusion_models clip_vision style_models embeddings diffusers " +
  "vae_approx controlnet gligen upscale_models custom_nodes hypernetworks photomaker classifiers model_patches " +
  "audio_encoders unet_gguf clip_gguf sonic VHS_video_formats"
).split(" ");

/** Where files of a GGUF key really lie. */
const DIRECTORIES: Readonly<Record<string, readonly string[]>> = {
  unet_gguf: ["unet", "diffusion_models"],
  clip_gguf: ["clip", "text_encoders"],
  text_encoders: ["text_encoders", "clip"],
  diffusion_models: ["diffusion_models", "unet"],
};

const INPUT_ENDINGS: Readonly<Record<string, RegExp>> = {
  image: /\.(png|jpe?g|webp|gif|bmp|tiff?|avif)$/i,
  video: /\.(mp4|webm|mkv|mov|avi|m4v|gif)$/i,
  audio: /\.(mp3|mp4|wav|ogg)$/i,
  sound: /\.(wav|mp3|flac|ogg|opus|m4a|aac|mp4|webm|mkv|mov|avi|m4v)$/i,
  voice: /\.(wav|mp3|flac|ogg|m4a)$/i,
};

export interface ModelShelf {
  /** Names in one folder of `/models`, sorted; undefined for an unknown key. */
  list(folder: string): readonly string[] | undefined;
  /** Names that an input offers. */
  listSource(source: FileSource): readonly string[];
}

/** Pretended files, the real files of the base directory, minus those that `isMissing` says are gone. */
export function createModelShelf(
  folders: Folders,
  pretended: PretendModels,
  isMissing: (name: string) => boolean,
): ModelShelf {
  function list(folder: string): readonly string[] | undefined {
    if (!MODEL_FOLDERS.includes(folder)) return undefined;
    const wantsGguf = folder.endsWith("_gguf");
    const real = (DIRECTORIES[folder] ?? [folder])
      .flatMap((directory) => walk(join(folders.models, directory)))
      .filter((name) => (extname(name) === ".gguf") === wantsGguf);
    const names = new Set([...(pretended[folder] ?? []), ...real]);
    return [...names].filter((name) => !isMissing(name)).sort();
  }

  return {
    list,
    listSource: (source) =>
      "models" in source
        ? [...new Set(source.models.flatMap((folder) => list(folder) ?? []))].sort()
        : listInput(folders.path("input"), source.input),
  };
}

function listInput(input: string, kind: "image" | "audio" | "video" | "sound" | "voice" | "folder"): readonly string[] {
  const entries = readdirSync(input, { withFileTypes: true });
  if (kind === "folder") {
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    return names.sort();
  }
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const endings = INPUT_ENDINGS[kind] ?? /$^/;
  if (kind !== "voice") return files.filter((name) => endings.test(name)).sort();
  // A voice counts only with its transcript beside it, and may lie in two sub-folders.
  const voices = ["", "audio/", "F5-TTS/"].flatMap((folder) => {
    const names = folder === "" ? files : walk(join(input, folder));
    const texts = new Set(names);
    const withText = names.filter(
      (name) => endings.test(name) && texts.has(`${name.slice(0, -extname(name).length)}.txt`),
    );
    return withText.map((name) => folder + name);
  });
  return voices.sort();
}

function walk(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
  } catch {
    return [];
  }
}
