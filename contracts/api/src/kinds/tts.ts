import * as z from "zod";
import { mediaReference, seedField, uploadToCloud } from "../fields.ts";

export const ttsInput = z
  .object({
    text: z.string().trim().min(1).max(5000).describe("What is said."),
    voice_reference: mediaReference("5 to 15 seconds of the voice to speak with")
      .optional()
      .describe(
        "A recording of the voice to use (5–15 s): URL, upload id, asset id or server path. Absent: the voice shipped with the workflow.",
      ),
    voice_text: z
      .string()
      .trim()
      .max(2000)
      .optional()
      .describe("Exactly what is said in `voice_reference`; required with it, because the model aligns the two."),
    speed: z.number().min(0.25).max(4).optional().describe("1 is natural, above 1 is faster. Default 1."),
    seed: seedField(),
    upload_to_cloud: uploadToCloud,
  })
  .meta({ id: "TtsInput", examples: [{ text: "Hello from the service." }] });
export type TtsInput = z.infer<typeof ttsInput>;
