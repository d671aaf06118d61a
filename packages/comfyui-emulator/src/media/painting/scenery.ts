import { blend, type Canvas, type Colour, hsl, mix, smoothstep } from "./canvas.ts";
import { createNoise, pick, type Random } from "./random.ts";

interface Palette {
  readonly zenith: Colour;
  readonly horizon: Colour;
  readonly light: Colour;
  readonly land: Colour;
}

/** A sky with a sun or moon, and ridges fading into haze: what a picture without a person shows. */
export function paintScenery(canvas: Canvas, random: Random, prompt: string): void {
  const palette = choosePalette(random, prompt);
  const horizon = canvas.height * (0.52 + 0.08 * random());
  paintSky(canvas, random, palette, horizon);
  paintRidges(canvas, random, palette, horizon);
}

function choosePalette(random: Random, prompt: string): Palette {
  const isNight = /night|moon|dark|star/i.test(prompt);
  const isSunset = /sunset|dusk|dawn|sunrise|evening/i.test(prompt);
  const hue = isSunset ? 0.72 + 0.1 * random() : isNight ? 0.62 + 0.1 * random() : random();
  const warm = isSunset ? 0.05 + 0.03 * random() : hue + pick(random, [0.08, -0.1, 0.45, 0.38]);
  return {
    zenith: hsl(hue, 0.55, isNight ? 0.12 : 0.36),
    horizon: hsl(warm, 0.75, isNight ? 0.38 : 0.74),
    light: hsl(warm + 0.04, 0.9, isNight ? 0.88 : 0.9),
    land: hsl(hue + pick(random, [0.02, -0.06, 0.12]), 0.45, isNight ? 0.1 : 0.17),
  };
}

function paintSky(canvas: Canvas, random: Random, palette: Palette, horizon: number): void {
  const noise = createNoise(random);
  const unit = Math.min(canvas.width, canvas.height);
  const sun = { x: canvas.width * (0.2 + 0.6 * random()), y: horizon * (0.35 + 0.4 * random()) };
  const radius = unit * (0.06 + 0.05 * random());
  const veil = hsl(random(), 0.6, 0.6);
  for (let y = 0; y < canvas.height; y++) {
    const depth = smoothstep(0, horizon * 1.05, y);
    for (let x = 0; x < canvas.width; x++) {
      const u = x / unit;
      const v = y / unit;
      const warp = noise(u * 2.1, v * 2.1);
      const cloud = noise(u * 3 + warp * 1.4, v * 7 + warp) + 0.5 * noise(u * 9 + warp, v * 17);
      const away = Math.hypot(x - sun.x, y - sun.y) / unit;
      let colour = mix(palette.zenith, palette.horizon, depth ** 1.3 + warp * 0.1);
      colour = mix(colour, veil, 0.18 * (noise(u * 1.3 + 40, v * 1.3) + 1) * (1 - depth));
      colour = mix(colour, palette.light, 0.55 * Math.exp(-away * away * 16));
      colour = mix(colour, palette.light, 0.5 * smoothstep(0.1, 1, cloud) * (0.35 + depth * 0.65));
      colour = mix(colour, [1, 0.99, 0.95], smoothstep(radius + unit * 0.004, radius - unit * 0.004, away * unit));
      blend(canvas, x, y, colour, 1);
    }
  }
}

function paintRidges(canvas: Canvas, random: Random, palette: Palette, horizon: number): void {
  const ridges = 5;
  const unit = Math.min(canvas.width, canvas.height);
  for (let ridge = 0; ridge < ridges; ridge++) {
    const noise = createNoise(random);
    const near = ridge / (ridges - 1);
    const base = horizon + (canvas.height - horizon) * near * 0.78;
    const swing = unit * (0.05 + 0.09 * near);
    const colour = mix(mix(palette.horizon, palette.land, 0.3), palette.land, near ** 0.8);
    const lit = mix(colour, palette.light, 0.16);
    for (let x = 0; x < canvas.width; x++) {
      const u = (x / unit) * (1.2 + near * 1.6);
      const height = noise(u, ridge * 7) + 0.45 * noise(u * 2.3, ridge * 7 + 3) + 0.16 * noise(u * 7, ridge * 7 + 5);
      const edge = base - swing * (0.6 + height);
      for (let y = Math.max(0, Math.floor(edge)); y < canvas.height; y++) {
        const below = (y - edge) / unit;
        blend(canvas, x, y, mix(lit, colour, below * 7 + 0.2 * noise(x / 23, y / 9)), Math.min(1, y - edge + 1));
      }
    }
  }
}
