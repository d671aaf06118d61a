import * as z from "zod";
import type { RouteMetadata } from "../access.ts";
import { c } from "../contract.ts";
import { errorBody } from "../errors.ts";
import { callbackUrl } from "../fields.ts";
import { writeHeaders } from "../headers.ts";
import { queuedJob } from "../jobs.ts";
import { imageInput } from "../kinds/image.ts";
import { lipsyncInput } from "../kinds/lipsync.ts";
import { portraitInput } from "../kinds/portrait.ts";
import { ttsInput } from "../kinds/tts.ts";
import { mediaResult, pictureResult } from "../results.ts";
import { writeErrors } from "./responses.ts";

const metadata: RouteMetadata = {
  access: "signed",
  bucket: "requests",
  scope: "generate",
  tag: "Generation",
  claims: "job",
};
const succeeded = { success: z.literal(true) };

const examplesOf = (schema: z.ZodType) => {
  const { examples } = schema.meta() ?? {};
  return examples ? { examples } : {};
};

function generation<Name extends string, Input extends z.ZodRawShape, Result extends z.ZodRawShape>(
  name: Name,
  title: string,
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
      headers: writeHeaders,
      body: input,
      responses: {
        200: z.object({ ...succeeded, ...result.shape }).meta({ id: `${title}Answer` }),
        ...writeErrors,
        504: errorBody,
      },
      metadata,
    },
    createAsync: {
      method: "POST",
      path: `/${name}/async`,
      summary: `Queue ${words}`,
      description:
        "Answers at once with the job's id. The job survives restarts of the service. Where the queue is switched off: 503 `async_disabled`.",
      headers: writeHeaders,
      body: z.object({ ...input.shape, callbackUrl }).meta({ id: `${title}AsyncInput`, ...examplesOf(input) }),
      responses: { 202: queuedJob, ...writeErrors },
      metadata,
    },
  } as const;
}

/** The four kinds, each synchronous and asynchronous. */
export const generationRoutes = c.router({
  portrait: generation("portrait", "Portrait", "a portrait", portraitInput, pictureResult),
  image: generation("image", "Image", "an image", imageInput, pictureResult),
  tts: generation("tts", "Tts", "speech", ttsInput, mediaResult),
  lipsync: generation("lipsync", "Lipsync", "a lip-synced video", lipsyncInput, mediaResult),
});
