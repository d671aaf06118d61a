import { initContract } from "@ts-rest/core";
import * as z from "zod";
import type { RouteMetadata } from "../access.ts";
import { errorBody } from "../errors.ts";
import { callbackUrl } from "../fields.ts";
import { queuedJob } from "../jobs.ts";
import { imageInput } from "../kinds/image.ts";
import { lipsyncInput } from "../kinds/lipsync.ts";
import { portraitInput } from "../kinds/portrait.ts";
import { ttsInput } from "../kinds/tts.ts";
import { mediaResult, pictureResult } from "../results.ts";
import { writeErrors } from "./responses.ts";

const c = initContract();
const metadata: RouteMetadata = { access: "signed", bucket: "requests", tag: "Generation" };
const succeeded = { success: z.literal(true) };

function generation<Name extends string, Input extends z.ZodRawShape, Result extends z.ZodRawShape>(
  name: Name,
  words: string,
  input: z.ZodObject<Input>,
  result: z.ZodObject<Result>,
) {
  return {
    create: {
      method: "POST",
      path: `/${name}`,
      summary: `Make ${words} and wait for it`,
      description:
        "Answers when the job ended, after 285 s at the latest; then with 504 and the id of the job, which goes on.",
      body: input,
      responses: { 200: z.object({ ...succeeded, ...result.shape }), ...writeErrors, 504: errorBody },
      metadata,
    },
    createAsync: {
      method: "POST",
      path: `/${name}/async`,
      summary: `Queue ${words}`,
      description: "Answers at once with the job's id. The job survives restarts of the service.",
      body: z.object({ ...input.shape, callbackUrl }),
      responses: { 202: queuedJob, ...writeErrors },
      metadata,
    },
  } as const;
}

/** The four kinds, each synchronous and asynchronous. */
export const generationRoutes = c.router({
  portrait: generation("portrait", "a portrait", portraitInput, pictureResult),
  image: generation("image", "an image", imageInput, pictureResult),
  tts: generation("tts", "speech", ttsInput, mediaResult),
  lipsync: generation("lipsync", "a lip-synced video", lipsyncInput, mediaResult),
});
