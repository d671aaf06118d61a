import type { Colour } from "./canvas.ts";

/** Where the head of a painted bust sits, in pixels. It depends on the size alone, so that a mouth can be found again. */
export interface Head {
  readonly x: number;
  readonly y: number;
  /** Half the width and height of the face. */
  readonly rx: number;
  readonly ry: number;
  /** The length that all other lengths are multiples of. */
  readonly unit: number;
}

export function headOf(width: number, height: number): Head {
  const unit = Math.min(width, height * 0.8);
  return { x: width / 2, y: height * 0.37, rx: unit * 0.185, ry: unit * 0.245, unit };
}

export interface Person {
  readonly skin: Colour;
  readonly hair: Colour;
  readonly eyes: Colour;
  readonly clothes: Colour;
  readonly hairStyle: "short" | "long" | "bun" | "curly" | "bald";
  readonly beard: boolean;
  readonly helmet: boolean;
  readonly smile: number;
}
