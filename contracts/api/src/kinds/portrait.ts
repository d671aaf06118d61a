import * as z from "zod";
import { seedField, uploadToCloud } from "../fields.ts";

export const portraitInput = z
  .object({
    description: z.string().trim().min(1).max(2000).describe("Who is in the picture, in plain words."),
    style: z
      .string()
      .max(64)
      .optional()
      .describe("`realistic` (default), `cinematic`, `anime`, `painting`, `sketch`, `3d`, or words of your own."),
    expression: z.string().max(64).optional().describe("Facial expression, e.g. `smiling`."),
    gender: z.string().max(64).optional().describe("e.g. `female`; left to the description when absent."),
    negative_prompt: z
      .string()
      .max(2000)
      .optional()
      .describe("What must not appear; models that run without guidance ignore it."),
    width: z.int().min(256).max(2048).optional().describe("Pixels; rounded down to the model's grid. Default 768."),
    height: z.int().min(256).max(2048).optional().describe("Pixels; rounded down to the model's grid. Default 1024."),
    model: z.string().max(128).optional().describe("`flux-schnell` (default), `flux-schnell-fp8` or `sdxl`."),
    seed: seedField(),
    upload_to_cloud: uploadToCloud,
  })
  .meta({ id: "PortraitInput", examples: [{ description: "Viking warrior" }] });
export type PortraitInput = z.infer<typeof portraitInput>;
