import * as z from "zod";
import { seedField, uploadToCloud } from "../fields.ts";

export const imageInput = z
  .object({
    prompt: z.string().trim().min(1).max(4000).describe("What the picture shows."),
    negative_prompt: z
      .string()
      .max(4000)
      .optional()
      .describe("What must not appear; models that run without guidance ignore it."),
    width: z.int().min(64).max(2048).optional().describe("Pixels; rounded down to the model's grid. Default 1024."),
    height: z.int().min(64).max(2048).optional().describe("Pixels; rounded down to the model's grid. Default 1024."),
    steps: z
      .int()
      .min(1)
      .max(150)
      .optional()
      .describe("Sampling steps. Default: the model's own (4 for schnell, 25 for SDXL)."),
    cfg_scale: z
      .number()
      .min(0)
      .max(30)
      .optional()
      .describe("Guidance. Default: the model's own (1 for schnell, 6.5 for SDXL)."),
    sampler: z.string().max(64).optional().describe("A ComfyUI sampler name, e.g. `euler` or `dpmpp_2m`."),
    scheduler: z.string().max(64).optional().describe("A ComfyUI scheduler name, e.g. `simple` or `karras`."),
    model: z.string().max(128).optional().describe("`flux-schnell` (default), `flux-schnell-fp8` or `sdxl`."),
    seed: seedField(),
    upload_to_cloud: uploadToCloud,
  })
  .meta({ id: "ImageInput", examples: [{ prompt: "a lighthouse on a cliff at sunset" }] });
export type ImageInput = z.infer<typeof imageInput>;
