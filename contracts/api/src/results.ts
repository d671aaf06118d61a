import * as z from "zod";
import { asset } from "./assets.ts";

const common = {
  localPath: z.string().describe("Virtual path of the first output; accepted back in every media field."),
  signedUrl: z.string().describe("Signed link to the first output, good for at least an hour."),
  taskId: z.string().describe("The job's id."),
  seed: z.number().describe("The seed that was used."),
  assets: z.array(asset).describe("Every output, the first one first."),
};

/** What a finished picture reports. */
export const pictureResult = z
  .object({
    ...common,
    prompt: z.string().describe("The words the model was given."),
    model: z.string().describe("The model that rendered."),
  })
  .meta({ id: "PictureResult" });
export type PictureResult = z.infer<typeof pictureResult>;

/** What finished speech or video reports. */
export const mediaResult = z
  .object({ ...common, model: z.string().describe("The model that rendered.") })
  .meta({ id: "MediaResult" });
export type MediaResult = z.infer<typeof mediaResult>;

export const kindResults = {
  portrait: pictureResult,
  image: pictureResult,
  tts: mediaResult,
  lipsync: mediaResult,
} as const;

export const jobResult = z.union([pictureResult, mediaResult]);
export type JobResult = z.infer<typeof jobResult>;
