import type { ModelSlot } from "../src/models.ts";

/** Flux.1 schnell as GGUF: transformer, T5-XXL, CLIP-L and VAE are separate files. */
export const fluxSchnellGgufFiles: readonly ModelSlot[] = [
  {
    node: "unet",
    input: "unet_name",
    files: [
      "flux1-schnell-Q8_0.gguf",
      "flux1-schnell-Q6_K.gguf",
      "flux1-schnell-Q5_K_S.gguf",
      "flux1-schnell-Q5_1.gguf",
      "flux1-schnell-Q5_0.gguf",
      "flux1-schnell-Q4_K_S.gguf",
      "flux1-schnell-Q4_1.gguf",
      "flux1-schnell-Q4_0.gguf",
    ],
    pattern: /^flux.*schnell(?!.*lora).*\.gguf$/i,
    install:
      "Put flux1-schnell-Q8_0.gguf, or a smaller quantization for less than 16 GB of VRAM (Hugging Face: city96/FLUX.1-schnell-gguf), into models/diffusion_models.",
  },
  {
    node: "clip",
    input: "clip_name1",
    files: [
      "t5-v1_1-xxl-encoder-Q8_0.gguf",
      "t5-v1_1-xxl-encoder-Q6_K.gguf",
      "t5-v1_1-xxl-encoder-Q5_K_M.gguf",
      "t5-v1_1-xxl-encoder-Q4_K_M.gguf",
      "t5xxl_fp16.safetensors",
      "t5xxl_fp8_e4m3fn.safetensors",
    ],
    // The GGUF loader refuses encoders in scaled fp8.
    pattern: /^t5.*xxl(?!.*scaled).*\.(?:gguf|safetensors)$/i,
    install:
      "Put t5-v1_1-xxl-encoder-Q8_0.gguf (Hugging Face: city96/t5-v1_1-xxl-encoder-gguf) into models/text_encoders.",
  },
  {
    node: "clip",
    input: "clip_name2",
    files: ["clip_l.safetensors"],
    pattern: /^clip[-_]l(?:[-._].*)?\.safetensors$/i,
    install: "Put clip_l.safetensors (Hugging Face: comfyanonymous/flux_text_encoders) into models/text_encoders.",
  },
  {
    node: "vae",
    input: "vae_name",
    files: ["ae.safetensors"],
    // Also "flux1-ae" or "flux_vae"; Flux.2 has another latent space, so "flux2-vae" must not match.
    pattern: /^(?:ae|flux[-._]?1?[-._]?(?:schnell[-._]?|dev[-._]?)?v?ae)(?:[-._].*)?\.(?:safetensors|sft)$/i,
    install: "Put ae.safetensors (Hugging Face: black-forest-labs/FLUX.1-schnell) into models/vae.",
  },
];

/** Flux.1 schnell as one fp8 checkpoint that holds everything. */
export const fluxSchnellFp8Files: readonly ModelSlot[] = [
  {
    node: "checkpoint",
    input: "ckpt_name",
    files: ["flux1-schnell-fp8.safetensors"],
    pattern: /^flux.*schnell(?!.*lora).*fp8.*\.safetensors$/i,
    install: "Put flux1-schnell-fp8.safetensors (Hugging Face: Comfy-Org/flux1-schnell) into models/checkpoints.",
  },
];

/** Stable Diffusion XL base. */
export const sdxlFiles: readonly ModelSlot[] = [
  {
    node: "checkpoint",
    input: "ckpt_name",
    files: ["sd_xl_base_1.0.safetensors", "sd_xl_base_1.0_0.9vae.safetensors"],
    // The refiner and the distilled ones (turbo, lightning, hyper, lcm) need other steps and guidance.
    pattern: /^sd_?xl(?!.*(?:refiner|turbo|lightning|hyper|lcm|inpaint|lora|[-_.]vae[-_.])).*\.safetensors$/i,
    install:
      "Put sd_xl_base_1.0.safetensors (Hugging Face: stabilityai/stable-diffusion-xl-base-1.0) into models/checkpoints.",
  },
];
