import { type Canvas, type Colour, mix, smoothstep } from "./canvas.ts";
import type { Head, Person } from "./person.ts";
import { drawArc, ellipseDistance, fillEllipse, fillWhere } from "./shapes.ts";

const DARK: Colour = [0.12, 0.06, 0.06];

/** Where the mouth of a painted head is, in pixels. */
export function mouthOf(head: Head): { x: number; y: number; half: number } {
  return { x: head.x, y: head.y + head.ry * 0.56, half: head.rx * 0.36 };
}

/** Signed distance to the outline of the face: an ellipse that narrows towards the chin. */
export function faceDistance(head: Head, x: number, y: number): number {
  const down = Math.max(0, (y - head.y) / head.ry);
  return ellipseDistance({ ...head, rx: head.rx * (1 - 0.16 * down * down) }, x, y);
}

/** Ears, face with light from the left, eyes, brows, nose and a closed mouth. */
export function paintFace(canvas: Canvas, head: Head, person: Person): void {
  const { x, y, rx, ry, unit } = head;
  const shade = mix(person.skin, [0.35, 0.1, 0.08], 0.4);
  for (const side of [-1, 1]) {
    const ear = { x: x + side * rx * 0.99, y: y + ry * 0.06, rx: rx * 0.16, ry: ry * 0.2 };
    fillEllipse(canvas, ear, mix(person.skin, shade, side < 0 ? 0.25 : 0.6));
    fillEllipse(canvas, { ...ear, rx: ear.rx * 0.5, ry: ear.ry * 0.55 }, mix(person.skin, shade, 0.8));
  }
  const blush = mix(person.skin, [0.95, 0.35, 0.32], 0.19);
  fillWhere(
    canvas,
    head,
    (px, py) => faceDistance(head, px, py),
    (px, py) => {
      const across = (px - x) / rx;
      const down = (py - y) / ry;
      const lit = mix(person.skin, shade, smoothstep(0.1, 1.15, across * 0.75 + down * 0.35 + 0.1) * 0.85);
      const cheek = Math.exp(-((Math.abs(across) - 0.52) ** 2 * 18 + (down - 0.3) ** 2 * 24));
      const shine = Math.exp(-((across + 0.25) ** 2 * 7 + (down + 0.5) ** 2 * 9)) * 0.22;
      return mix(mix(lit, blush, cheek), [1, 0.97, 0.93], shine);
    },
  );
  for (const side of [-1, 1]) paintEye(canvas, head, person, side);
  // The nose is a shadow on its right and a light on its tip.
  const nose = { x: x + rx * 0.05, y: y + ry * 0.2 };
  fillEllipse(
    canvas,
    { x: nose.x, y: nose.y - ry * 0.08, rx: rx * 0.1, ry: ry * 0.2 },
    mix(person.skin, shade, 0.28),
    unit * 0.05,
  );
  drawArc(
    canvas,
    { x, y: y + ry * 0.27, half: rx * 0.15, bend: ry * 0.045, radius: unit * 0.0055 },
    shade,
    unit * 0.008,
  );
  fillEllipse(
    canvas,
    { x: x - rx * 0.02, y: y + ry * 0.2, rx: rx * 0.06, ry: ry * 0.05 },
    mix(person.skin, [1, 1, 1], 0.3),
    unit * 0.03,
  );
  paintMouth(canvas, head, person);
}

function paintEye(canvas: Canvas, head: Head, person: Person, side: number): void {
  const { rx, ry, unit } = head;
  const x = head.x + side * rx * 0.42;
  const y = head.y - ry * 0.06;
  const white = { x, y, rx: rx * 0.21, ry: ry * 0.1 };
  const inside = (px: number, py: number): number => ellipseDistance(white, px, py);
  fillEllipse(
    canvas,
    { x, y: y - ry * 0.02, rx: rx * 0.27, ry: ry * 0.15 },
    mix(person.skin, DARK, 0.22),
    unit * 0.035,
  );
  fillEllipse(canvas, white, [0.97, 0.96, 0.94]);
  const iris = { x, y, rx: rx * 0.105, ry: rx * 0.105 };
  const within =
    (radius: number) =>
    (px: number, py: number): number =>
      Math.max(inside(px, py), Math.hypot(px - x, py - y) - radius);
  fillWhere(canvas, iris, within(iris.rx), (_, py) =>
    mix(mix(person.eyes, DARK, 0.45), mix(person.eyes, [1, 1, 1], 0.25), (py - y) / iris.rx + 0.4),
  );
  fillWhere(canvas, iris, within(iris.rx * 0.5), [0.03, 0.03, 0.04]);
  const glint = { x: x - rx * 0.035, y: y - rx * 0.04, rx: rx * 0.03, ry: rx * 0.03 };
  fillEllipse(canvas, glint, [1, 1, 1]);
  drawArc(canvas, { x, y: y - ry * 0.01, half: rx * 0.225, bend: -ry * 0.1, radius: unit * 0.0075 }, DARK);
  const brow = { x: x + side * rx * 0.02, y: y - ry * 0.2, half: rx * 0.27, bend: -ry * 0.055, radius: unit * 0.0115 };
  drawArc(canvas, brow, mix(person.hair, DARK, 0.35), unit * 0.004);
}

function paintMouth(canvas: Canvas, head: Head, person: Person): void {
  const mouth = mouthOf(head);
  const lips = mix(person.skin, [0.72, 0.18, 0.2], 0.5);
  const lift = head.ry * 0.05 * person.smile;
  const upper = { x: mouth.x, y: mouth.y - lift, half: mouth.half, bend: lift * 1.6, radius: head.unit * 0.014 };
  drawArc(canvas, upper, lips);
  drawArc(
    canvas,
    { ...upper, half: mouth.half * 0.72, y: upper.y + head.unit * 0.012, radius: head.unit * 0.013 },
    mix(lips, [1, 0.7, 0.7], 0.22),
  );
  drawArc(canvas, { ...upper, radius: head.unit * 0.004 }, mix(lips, DARK, 0.65));
}
