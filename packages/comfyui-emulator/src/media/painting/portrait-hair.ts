import { type Canvas, type Colour, mix } from "./canvas.ts";
import type { Head, Person } from "./person.ts";
import { faceDistance, mouthOf } from "./portrait-face.ts";
import type { Random } from "./random.ts";
import { ellipseDistance, fillEllipse, fillWhere } from "./shapes.ts";

/** Strands: the colour of hair, lighter and darker along lines that run from the crown. */
function strands(head: Head, hair: Colour): (x: number, y: number) => Colour {
  const light = mix(hair, [1, 0.95, 0.85], 0.28);
  const dark = mix(hair, [0, 0, 0.02], 0.4);
  return (x, y) => {
    const angle = Math.atan2(y - head.y + head.ry * 1.4, x - head.x);
    const wave = Math.sin(angle * 46 + Math.sin((y / head.unit) * 18) * 0.8) * 0.5 + Math.sin(angle * 113) * 0.25;
    const lit = 0.5 - ((x - head.x) / head.rx) * 0.28 - (y - head.y) / (head.ry * 5);
    return mix(dark, light, lit + wave * 0.16);
  };
}

/** The hair behind the head and shoulders. */
export function paintBackHair(canvas: Canvas, head: Head, person: Person): void {
  const paint = strands(head, mix(person.hair, [0, 0, 0], 0.25));
  const { x, y, rx, ry } = head;
  if (person.hairStyle === "long") {
    const mane = { x, y: y + ry * 0.45, rx: rx * 1.42, ry: ry * 1.72 };
    fillWhere(canvas, { ...mane, ry: mane.ry * 1.1 }, (px, py) => ellipseDistance(mane, px, py), paint);
  }
  if (person.hairStyle === "bun") {
    fillEllipse(canvas, { x, y: y - ry * 1.22, rx: rx * 0.46, ry: ry * 0.36 }, paint);
    fillEllipse(canvas, { x, y: y - ry * 0.15, rx: rx * 1.14, ry: ry * 1.05 }, paint);
  }
  if (person.hairStyle === "curly") {
    for (let curl = 0; curl < 17; curl++) {
      const angle = Math.PI * (0.92 + (curl / 16) * 1.16);
      const at = { x: x + Math.cos(angle) * rx * 1.12, y: y - ry * 0.12 + Math.sin(angle) * ry * 1.02 };
      fillEllipse(canvas, { ...at, rx: rx * 0.34, ry: rx * 0.34 }, paint);
    }
  }
}

/** The hair over the forehead, then beard and helmet. */
export function paintFrontHair(canvas: Canvas, head: Head, person: Person, random: Random): void {
  const parting = (random() - 0.5) * 0.6;
  if (person.beard) paintBeard(canvas, head, person);
  if (person.helmet) paintHelmet(canvas, head);
  if (person.helmet || person.hairStyle === "bald") return;
  const { x, y, rx, ry } = head;
  const cap = { x, y: y - ry * 0.1, rx: rx * 1.1, ry: ry * 1.06 };
  const sides = person.hairStyle === "short" ? 0.12 : 0.5;
  const distance = (px: number, py: number): number => {
    const across = (px - x) / rx;
    // The hairline is highest at the parting and falls to the temples.
    const fall = Math.abs(across - parting);
    const line = y + ry * (-0.66 + 0.34 * fall * fall + (Math.abs(across) > 0.86 ? sides : 0));
    return Math.max(ellipseDistance(cap, px, py), py - line);
  };
  fillWhere(canvas, cap, distance, strands(head, person.hair), head.unit * 0.006);
}

function paintBeard(canvas: Canvas, head: Head, person: Person): void {
  const { x, y, rx, ry, unit } = head;
  const mouth = mouthOf(head);
  const paint = strands(head, mix(person.hair, [0, 0, 0], 0.08));
  const bounds = { x, y: y + ry * 0.7, rx: rx * 1.1, ry: ry * 0.6 };
  const chin = { x, y: y + ry * 0.72, rx: rx * 0.78, ry: ry * 0.52 };
  const lips = { x: mouth.x, y: mouth.y + ry * 0.01, rx: mouth.half * 1.05, ry: ry * 0.085 };
  const distance = (px: number, py: number): number => {
    const across = Math.abs(px - x) / rx;
    const top =
      y +
      ry *
        (0.62 -
          0.5 * Math.max(0, across - 0.25) ** 1.2 -
          (across < 0.42 ? 0.19 : 0.19 * Math.max(0, 1 - (across - 0.42) * 4)));
    const outline = Math.min(faceDistance(head, px, py) - unit * 0.012, ellipseDistance(chin, px, py));
    return Math.max(outline, top - py, -ellipseDistance(lips, px, py));
  };
  fillWhere(canvas, bounds, distance, paint, unit * 0.008);
}

function paintHelmet(canvas: Canvas, head: Head): void {
  const { x, y, rx, ry, unit } = head;
  const steel = (px: number, py: number): Colour =>
    mix([0.86, 0.88, 0.92], [0.22, 0.25, 0.32], (px - x) / (rx * 2) + 0.4 + (py - y) / (ry * 9));
  for (const side of [-1, 1]) {
    for (let step = 0; step <= 26; step++) {
      const t = step / 26;
      const at = { x: x + side * rx * (0.98 + 0.62 * Math.sin(t * 1.9)), y: y - ry * (0.62 + 0.95 * t * t) };
      const radius = unit * 0.05 * (1 - t * 0.86);
      fillEllipse(
        canvas,
        { ...at, rx: radius, ry: radius },
        mix([0.93, 0.87, 0.73], [0.6, 0.5, 0.36], side < 0 ? t * 0.5 : 0.4 + t * 0.5),
      );
    }
  }
  const dome = { x, y: y - ry * 0.42, rx: rx * 1.13, ry: ry * 0.86 };
  fillWhere(canvas, dome, (px, py) => Math.max(ellipseDistance(dome, px, py), py - dome.y), steel);
  const band = { x, y: dome.y, rx: rx * 1.16, ry: ry * 0.1 };
  const gold = (px: number): Colour => mix([0.92, 0.75, 0.36], [0.45, 0.3, 0.1], (px - x) / (rx * 2) + 0.45);
  fillWhere(canvas, band, (px, py) => Math.max(Math.abs(px - x) - band.rx, Math.abs(py - band.y) - band.ry), gold);
  for (let rivet = -3; rivet <= 3; rivet++) {
    fillEllipse(canvas, { x: x + rivet * rx * 0.33, y: band.y, rx: unit * 0.009, ry: unit * 0.009 }, [1, 0.93, 0.7]);
  }
}
