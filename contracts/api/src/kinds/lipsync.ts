import * as z from "zod";
import { mediaReference, seedField, uploadToCloud } from "../fields.ts";

/** Sonic's sampler takes a signed 32-bit seed. */
export const lipsyncSeedMax = 2 ** 31 - 1;

export const lipsyncInput = z
  .object({
    portrait_image: mediaReference("The face"),
    audio: mediaReference("The speech"),
    model: z.enum(["sonic"]).optional().describe("The lip-sync model. Default `sonic`."),
    seed: seedField(lipsyncSeedMax),
    upload_to_cloud: uploadToCloud,
  })
  .meta({
    id: "LipsyncInput",
    examples: [{ portrait_image: "https://example.com/face.png", audio: "https://example.com/voice.wav" }],
  });
export type LipsyncInput = z.infer<typeof lipsyncInput>;
