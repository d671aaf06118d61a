import { blend, type Canvas, type Colour, hsl, mix, smoothstep } from "./canvas.ts";
import { type Head, headOf, type Person } from "./person.ts";
import { paintFace } from "./portrait-face.ts";
import { paintBackHair, paintFrontHair } from "./portrait-hair.ts";
import { createNoise, pick, type Random } from "./random.ts";
import { ellipseDistance, fillEllipse, fillWhere } from "./shapes.ts";

/** A stylised head and shoulders before a soft background. Words of the prompt choose what they can. */
export function paintPortrait(canvas: Canvas, random: Random, prompt: string): void {
  const head = headOf(canvas.width, canvas.height);
  const person = imaginePerson(random, prompt);
  paintBackdrop(canvas, random, head);
  paintBackHair(canvas, head, person);
  paintShoulders(canvas, head, person);
  paintFace(canvas, head, person);
  paintFrontHair(canvas, head, person, random);
}

function imaginePerson(random: Random, prompt: string): Person {
  const words = prompt.toLowerCase();
  const isMan = /\b(man|male|boy|he|king|viking|wizard|bearded|grandfather|businessman)\b/.test(words);
  const isWoman = /\b(woman|female|girl|she|queen|lady|grandmother|businesswoman|princess)\b/.test(words);
  const feminine = isWoman || (!isMan && random() < 0.5);
  const isOld = /\b(old|elderly|grandfather|grandmother|wizard|senior)\b/.test(words);
  const tone = random();
  const styles = feminine
    ? (["long", "bun", "curly", "long"] as const)
    : (["short", "short", "curly", "bald"] as const);
  return {
    skin: mix([0.98, 0.84, 0.74], [0.42, 0.27, 0.19], tone * tone),
    hair: isOld ? hsl(0.6, 0.06, 0.72 + 0.1 * random()) : chooseHair(random, words),
    eyes: hsl(pick(random, [0.07, 0.56, 0.35, 0.09, 0.6]), 0.5, 0.3),
    clothes: hsl(random(), 0.45 + 0.3 * random(), 0.3 + 0.2 * random()),
    hairStyle: pick(random, styles),
    beard: !feminine && (/beard|viking|wizard/.test(words) || random() < 0.35),
    helmet: /viking|knight|warrior/.test(words),
    smile: 0.4 + 0.6 * random(),
  };
}

function chooseHair(random: Random, words: string): Colour {
  if (/\bred|ginger/.test(words)) return hsl(0.045, 0.75, 0.4);
  if (/blond/.test(words)) return hsl(0.12, 0.65, 0.62);
  const tones = [hsl(0.06, 0.4, 0.14), hsl(0.07, 0.5, 0.26), hsl(0.11, 0.55, 0.5), hsl(0.04, 0.6, 0.32)] as const;
  return pick(random, tones);
}

function paintBackdrop(canvas: Canvas, random: Random, head: Head): void {
  const hue = random();
  const noise = createNoise(random);
  const centre = hsl(hue, 0.45, 0.72);
  const edge = hsl(hue + pick(random, [0.06, -0.08, 0.14, 0.5]), 0.5, 0.3);
  const light = { x: head.x - head.unit * 0.2, y: head.y };
  for (let y = 0; y < canvas.height; y++) {
    for (let x = 0; x < canvas.width; x++) {
      const away = Math.hypot(x - light.x, y - light.y) / head.unit;
      const cloud = noise((x / head.unit) * 2.2, (y / head.unit) * 2.2);
      blend(canvas, x, y, mix(centre, edge, smoothstep(0.1, 1.05, away) + cloud * 0.14), 1);
    }
  }
  for (let bokeh = 0; bokeh < 14; bokeh++) {
    const radius = head.unit * (0.03 + 0.09 * random());
    const spot = { x: canvas.width * random(), y: canvas.height * random() * 0.8, rx: radius, ry: radius };
    const glow = mix(centre, [1, 1, 1], 0.4 * random());
    const opacity = 0.1 + 0.16 * random();
    fillWhere(canvas, spot, (x, y) => (ellipseDistance(spot, x, y) < 0 ? 0.5 - opacity : 1), glow, 1);
  }
}

function paintShoulders(canvas: Canvas, head: Head, person: Person): void {
  const { x, y, unit } = head;
  const shade = mix(person.skin, [0.35, 0.1, 0.08], 0.35);
  const body = { x, y: y + unit * 0.83, rx: unit * 0.47, ry: unit * 0.45 };
  const dark = mix(person.clothes, [0, 0, 0.05], 0.45);
  fillWhere(
    canvas,
    { ...body, ry: canvas.height },
    (px, py) => (py > body.y ? Math.abs(px - x) - body.rx : ellipseDistance(body, px, py)),
    (px, py) => mix(person.clothes, dark, (px - x) / unit + 0.35 + (py - body.y) / (unit * 1.6)),
  );
  // The neck stands in an oval neckline; its shadow falls from the chin.
  fillEllipse(canvas, { x, y: y + unit * 0.4, rx: unit * 0.15, ry: unit * 0.085 }, dark);
  fillEllipse(canvas, { x, y: y + unit * 0.392, rx: unit * 0.135, ry: unit * 0.075 }, person.skin);
  const neck = { x, y: y + unit * 0.27, rx: unit * 0.088, ry: unit * 0.16 };
  fillWhere(
    canvas,
    neck,
    (px, py) => Math.max(Math.abs(px - x) - neck.rx, Math.abs(py - neck.y) - neck.ry),
    (_, py) => mix(shade, person.skin, smoothstep(y + unit * 0.22, y + unit * 0.4, py)),
  );
}
