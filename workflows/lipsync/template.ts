import { at, type GraphTemplate } from "../src/template.ts";
import sonicGraph from "./sonic.json" with { type: "json" };

/** Sonic on Stable Video Diffusion; frames and speech are joined by ComfyUI's own video nodes. */
export const sonic: GraphTemplate = {
  id: "sonic",
  model: "sonic",
  graph: sonicGraph,
  values: { seed: [at("sampler", "seed")], duration: [at("prepare", "duration")] },
  media: { portrait_image: at("portrait", "image"), audio: at("audio", "audio") },
  models: [
    {
      node: "checkpoint",
      input: "ckpt_name",
      files: ["svd_xt_1_1.safetensors", "svd_xt.safetensors"],
      pattern: /^svd[-_]?xt(?!.*(?:decoder|lora)).*\.safetensors$/i,
      install:
        "Put svd_xt_1_1.safetensors (Hugging Face: stabilityai/stable-video-diffusion-img2vid-xt-1-1, accept its licence there) into models/checkpoints.",
    },
    {
      node: "loader",
      input: "sonic_unet",
      files: ["unet.pth"],
      pattern: /^(?:sonic[-_]?)?unet.*\.(?:pth|safetensors)$/i,
      install:
        "Put unet.pth, audio2token.pth, audio2bucket.pth, yoloface_v5m.pt and RIFE/flownet.pkl (Hugging Face: LeonJoe13/Sonic) and the folder whisper-tiny (Hugging Face: openai/whisper-tiny) into models/sonic.",
    },
  ],
  outputs: ["save"],
};
