import { GLYPH_HEIGHT, GLYPH_WIDTH, glyphOf } from "./font.ts";

/** Red, green, blue in 0..1. */
export type Colour = readonly [number, number, number];

/** A picture being painted: RGB floats in 0..1. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

export function createCanvas(width: number, height: number): Canvas {
  return { width, height, data: new Float32Array(width * height * 3) };
}

/** Hue in turns, the rest in 0..1. */
export function hsl(hue: number, saturation: number, lightness: number): Colour {
  const spread = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number): number => {
    const position = (((offset + hue * 12) % 12) + 12) % 12;
    return lightness - spread * Math.max(-1, Math.min(position - 3, 9 - position, 1));
  };
  return [channel(0), channel(8), channel(4)];
}

export function mix(from: Colour, to: Colour, amount: number): Colour {
  const t = Math.min(1, Math.max(0, amount));
  return [from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t, from[2] + (to[2] - from[2]) * t];
}

/** 0 below `from`, 1 above `to`, smooth in between. */
export function smoothstep(from: number, to: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/** Lays a colour over one pixel. */
export function blend(canvas: Canvas, x: number, y: number, colour: Colour, opacity: number): void {
  if (opacity <= 0 || x < 0 || y < 0 || x >= canvas.width || y >= canvas.height) return;
  const at = (y * canvas.width + x) * 3;
  for (let channel = 0; channel < 3; channel++) {
    const below = canvas.data[at + channel] ?? 0;
    canvas.data[at + channel] = below + ((colour[channel] ?? 0) - below) * Math.min(1, opacity);
  }
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * Paints a shape given by its signed distance in pixels (negative inside), with a smooth edge `softness` pixels wide.
 * The colour may vary over the shape. Only the pixels of the box are visited.
 */
export function paintShape(
  canvas: Canvas,
  box: Box,
  distance: (x: number, y: number) => number,
  colour: (x: number, y: number) => Colour,
  softness = 1.2,
): void {
  const right = Math.min(canvas.width, Math.ceil(box.right));
  const bottom = Math.min(canvas.height, Math.ceil(box.bottom));
  for (let y = Math.max(0, Math.floor(box.top)); y < bottom; y++) {
    for (let x = Math.max(0, Math.floor(box.left)); x < right; x++) {
      const cover = 0.5 - distance(x + 0.5, y + 0.5) / softness;
      if (cover > 0) blend(canvas, x, y, colour(x, y), cover);
    }
  }
}

/** Writes one line of text with square dots; returns the width used. */
export function drawText(
  canvas: Canvas,
  text: string,
  at: { x: number; y: number; dot: number },
  colour: Colour,
): number {
  let x = at.x;
  for (const character of text) {
    glyphOf(character).forEach((row, line) => {
      for (let column = 0; column < GLYPH_WIDTH; column++) {
        if (row & (16 >> column)) fillDot(canvas, x + column * at.dot, at.y + line * at.dot, at.dot, colour);
      }
    });
    x += (GLYPH_WIDTH + 1) * at.dot;
  }
  return x - at.x;
}

/** The height that a line of text takes with its spacing. */
export function lineHeight(dot: number): number {
  return (GLYPH_HEIGHT + 3) * dot;
}

/** How many characters fit a width. */
export function charactersPer(width: number, dot: number): number {
  return Math.max(1, Math.floor(width / ((GLYPH_WIDTH + 1) * dot)));
}

function fillDot(canvas: Canvas, left: number, top: number, dot: number, colour: Colour): void {
  for (let y = top; y < top + dot; y++) for (let x = left; x < left + dot; x++) blend(canvas, x, y, colour, 1);
}
