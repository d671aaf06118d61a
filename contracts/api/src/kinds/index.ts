import { imageInput } from "./image.ts";
import { lipsyncInput } from "./lipsync.ts";
import { portraitInput } from "./portrait.ts";
import { ttsInput } from "./tts.ts";

/** The built-in kinds and what each takes. Adding a kind starts here. */
export const kindInputs = {
  portrait: portraitInput,
  image: imageInput,
  tts: ttsInput,
  lipsync: lipsyncInput,
} as const;

export type Kind = keyof typeof kindInputs;
export const kinds = ["portrait", "image", "tts", "lipsync"] as const satisfies readonly Kind[];

export function isKind(word: string): word is Kind {
  return Object.hasOwn(kindInputs, word);
}
