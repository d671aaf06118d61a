import { durationOf, lengthOf, type Sound } from "./audio.ts";
import { createLazyImages, type ImageBatch } from "./image.ts";
import { drawBanner } from "./painting/banner.ts";
import { type Colour, mix, smoothstep } from "./painting/canvas.ts";
import { headOf } from "./painting/person.ts";
import { mouthOf } from "./painting/portrait-face.ts";
import { BANNER_TITLE } from "./painting/simulated-image.ts";
import { resizeImages } from "./resize.ts";

/** Larger frames only cost time: the picture is simulated anyway. */
const SHORT_SIDE_MAX = 768;

export interface TalkWish {
  /** The portrait; its first picture is used. */
  readonly portrait: ImageBatch;
  readonly sound: Sound;
  readonly framesPerSecond: number;
  readonly durationSecondsMax: number;
  /** The shorter side of the video in pixels. */
  readonly shortSide: number;
  readonly seed: string;
}

/** Simulated lip-sync: the portrait with a jaw that drops with the loudness of the sound. Frames are drawn on demand. */
export function simulateTalking(wish: TalkWish): ImageBatch {
  const { base, width, height } = prepareStill(wish);
  const seconds = Math.min(wish.durationSecondsMax, durationOf(wish.sound));
  const count = Math.max(1, Math.round(seconds * wish.framesPerSecond));
  const openings = measureOpenings(wish.sound, count, wish.framesPerSecond);
  return createLazyImages({ width, height, channels: 3 }, count, (index) => {
    const frame = Float32Array.from(base);
    openMouth({ base, frame, width, height }, openings[index] ?? 0);
    drawProgress(frame, width, height, (index + 1) / count);
    return frame;
  });
}

function prepareStill(wish: TalkWish): { base: Float32Array; width: number; height: number } {
  const { portrait } = wish;
  const scale = Math.min(wish.shortSide, SHORT_SIDE_MAX) / Math.min(portrait.width, portrait.height);
  const width = 2 * Math.round((portrait.width * scale) / 2);
  const height = 2 * Math.round((portrait.height * scale) / 2);
  const first = createLazyImages(portrait, 1, () => portrait.at(0));
  const base = Float32Array.from(resizeImages(first, width, height, scale < 1 ? "area" : "bilinear").at(0));
  drawBanner({ width, height, data: base }, { title: BANNER_TITLE, note: `lip-sync, seed ${wish.seed}` }, "head");
  return { base, width, height };
}

/** How far the mouth is open in each frame, 0..1: loudness against the loudest moments, opening fast, closing slower. */
export function measureOpenings(sound: Sound, count: number, framesPerSecond: number): number[] {
  const loudness = Array.from({ length: count }, (_, index) => {
    const start = Math.floor((index / framesPerSecond) * sound.sampleRate);
    const end = Math.min(lengthOf(sound), Math.floor(((index + 1) / framesPerSecond) * sound.sampleRate));
    let sum = 0;
    for (const channel of sound.channels) for (let at = start; at < end; at++) sum += (channel[at] ?? 0) ** 2;
    return Math.sqrt(sum / Math.max(1, (end - start) * sound.channels.length));
  });
  const sorted = loudness.toSorted((a, b) => a - b);
  const loud = Math.max(0.01, sorted[Math.floor(sorted.length * 0.92)] ?? 0);
  let opening = 0;
  return loudness.map((value) => {
    const wanted = smoothstep(0.05, 1, Math.min(1, value / loud));
    opening += (wanted - opening) * (wanted > opening ? 0.8 : 0.5);
    return opening;
  });
}

interface Still {
  readonly base: Float32Array;
  readonly frame: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** Pulls what lies below the mouth downwards and paints the inside of the mouth into the gap. */
function openMouth(still: Still, opening: number): void {
  const { width, height } = still;
  const head = headOf(width, height);
  const mouth = mouthOf(head);
  const drop = opening * head.ry * 0.2;
  if (drop < 0.5) return;
  const reach = mouth.half * 2.1;
  const bottom = head.y + head.ry * 1.3;
  const hole = { x: mouth.x, y: mouth.y + drop / 2, rx: mouth.half * (0.95 - 0.2 * opening), ry: drop * 0.62 };
  for (let y = Math.floor(mouth.y - drop); y < Math.min(height, bottom); y++) {
    for (let x = Math.max(0, Math.floor(mouth.x - reach)); x < Math.min(width, mouth.x + reach); x++) {
      const sideways = 1 - smoothstep(0.35, 1, Math.abs(x - mouth.x) / reach);
      const below = y < mouth.y ? 0 : 1 - smoothstep(mouth.y + drop, bottom, y);
      const shift = drop * sideways * below;
      if (shift > 0) copyShifted(still, x, y, Math.max(mouth.y, y - shift));
      const inside = ((x - hole.x) / hole.rx) ** 2 + ((y - hole.y) / hole.ry) ** 2;
      const cover = smoothstep(1.12, 0.88, inside);
      if (cover > 0) cover3(still, x, y, mouthInside((y - hole.y) / hole.ry, opening), cover);
    }
  }
}

function mouthInside(down: number, opening: number): Colour {
  const throat: Colour = [0.2, 0.03, 0.05];
  const teeth = smoothstep(-0.4, -0.55, down) * smoothstep(0.3, 0.6, opening);
  const tongue = smoothstep(0.25, 0.7, down);
  return mix(mix(throat, [0.75, 0.3, 0.33], tongue), [0.95, 0.94, 0.9], teeth);
}

function copyShifted(still: Still, x: number, y: number, from: number): void {
  const upper = Math.min(still.height - 1, Math.floor(from));
  const lower = Math.min(still.height - 1, upper + 1);
  const rest = from - upper;
  for (let channel = 0; channel < 3; channel++) {
    const above = still.base[(upper * still.width + x) * 3 + channel] ?? 0;
    const under = still.base[(lower * still.width + x) * 3 + channel] ?? 0;
    still.frame[(y * still.width + x) * 3 + channel] = above + (under - above) * rest;
  }
}

function cover3(still: Still, x: number, y: number, colour: Colour, opacity: number): void {
  const at = (y * still.width + x) * 3;
  for (let channel = 0; channel < 3; channel++) {
    const below = still.frame[at + channel] ?? 0;
    still.frame[at + channel] = below + ((colour[channel] ?? 0) - below) * opacity;
  }
}

/** A thin line along the lower edge shows how far the clip has come. */
function drawProgress(frame: Float32Array, width: number, height: number, part: number): void {
  const thickness = Math.max(2, Math.round(height / 128));
  for (let y = height - thickness; y < height; y++) {
    for (let x = 0; x < Math.round(width * part); x++) frame.set([0.98, 0.75, 0.25], (y * width + x) * 3);
  }
}
