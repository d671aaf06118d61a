import { drawBanner } from "./banner.ts";
import { type Canvas, createCanvas } from "./canvas.ts";
import { paintPortrait } from "./portrait.ts";
import { createRandom } from "./random.ts";
import { paintScenery } from "./scenery.ts";

export const BANNER_TITLE = "SIMULATED – @comfy/comfyui-emulator";

/** What decides a simulated picture. Equal wishes give equal pixels. */
export interface PaintingWish {
  readonly width: number;
  readonly height: number;
  /** Decimal text: seeds reach 2^64-1, more than a number holds. */
  readonly seed: string;
  readonly prompt: string;
  readonly negative?: string;
  /** Place in a batch. */
  readonly index?: number;
}

/** Paints a person for prompts that speak of one, scenery for all others. No banner yet. */
export function paintPicture(wish: PaintingWish): Canvas {
  const canvas = createCanvas(wish.width, wish.height);
  const random = createRandom(wish.seed, wish.prompt, wish.negative ?? "", String(wish.index ?? 0));
  if (isAboutPerson(wish)) paintPortrait(canvas, random, wish.prompt);
  else paintScenery(canvas, random, wish.prompt);
  return canvas;
}

/** Says on the picture that it is simulated, and what was asked for. */
export function labelPicture(canvas: Canvas, wish: { prompt: string; seed: string }): void {
  drawBanner(canvas, { title: BANNER_TITLE, text: wish.prompt, note: `seed ${wish.seed}` });
}

function isAboutPerson(wish: PaintingWish): boolean {
  const words =
    /portrait|face|headshot|selfie|avatar|\b(wo)?m[ae]n\b|girl|boy|person|lady|king|queen|warrior|viking|wizard|actor|character/i;
  return words.test(wish.prompt) || wish.height > wish.width * 1.2;
}
