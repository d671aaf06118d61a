import { type Canvas, type Colour, paintShape } from "./canvas.ts";

export interface Ellipse {
  readonly x: number;
  readonly y: number;
  readonly rx: number;
  readonly ry: number;
}

/** A colour for the whole shape, or one per pixel. */
export type Paint = Colour | ((x: number, y: number) => Colour);

/** Signed distance to an ellipse, good near its edge. */
export function ellipseDistance(ellipse: Ellipse, x: number, y: number): number {
  const dx = (x - ellipse.x) / ellipse.rx;
  const dy = (y - ellipse.y) / ellipse.ry;
  const length = Math.hypot(dx, dy);
  if (length === 0) return -Math.min(ellipse.rx, ellipse.ry);
  return (length * (length - 1)) / Math.hypot(dx / ellipse.rx, dy / ellipse.ry);
}

export function fillEllipse(canvas: Canvas, ellipse: Ellipse, paint: Paint, softness?: number): void {
  fillWhere(canvas, ellipse, (x, y) => ellipseDistance(ellipse, x, y), paint, softness);
}

/** Paints where a distance is negative; the ellipse only bounds the pixels that are looked at. */
export function fillWhere(
  canvas: Canvas,
  bounds: Ellipse,
  distance: (x: number, y: number) => number,
  paint: Paint,
  softness = 1.2,
): void {
  const box = {
    left: bounds.x - bounds.rx - softness,
    right: bounds.x + bounds.rx + softness,
    top: bounds.y - bounds.ry - softness,
    bottom: bounds.y + bounds.ry + softness,
  };
  paintShape(canvas, box, distance, typeof paint === "function" ? paint : () => paint, softness);
}

/** A curved stroke: a parabola from left to right whose middle is `bend` lower than its ends. */
export function drawArc(
  canvas: Canvas,
  arc: { x: number; y: number; half: number; bend: number; radius: number },
  paint: Paint,
  softness?: number,
): void {
  const bounds = { x: arc.x, y: arc.y, rx: arc.half + arc.radius, ry: Math.abs(arc.bend) + arc.radius * 2 };
  const distance = (x: number, y: number): number => {
    const t = Math.min(1, Math.max(-1, (x - arc.x) / arc.half));
    const curve = arc.y + arc.bend * (1 - t * t);
    const slope = (-2 * arc.bend * t) / arc.half;
    const along = Math.max(0, Math.abs(x - arc.x) - arc.half);
    return Math.hypot(along, (y - curve) / Math.hypot(1, slope)) - arc.radius * (1 - 0.45 * t * t);
  };
  fillWhere(canvas, bounds, distance, paint, softness);
}
