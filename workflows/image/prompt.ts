import type { PictureFamily } from "../picture/families.ts";
import type { PictureWords } from "../picture/plan.ts";

/** What SDXL's base model should avoid when the caller says nothing. Short, so that it never works against the prompt. */
const defaultNegative = "low quality, blurry, jpeg artifacts, deformed, watermark";

/** Callers of `image` want their own words: nothing is added to the prompt. A negative prompt of `""` is a wish too. */
export function writeImageWords(family: PictureFamily, prompt: string, negative: string | undefined): PictureWords {
  return family === "flux" ? { positive: prompt } : { positive: prompt, negative: negative ?? defaultNegative };
}
