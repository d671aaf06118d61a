import { createImages, type ImageBatch, mapImages, repeatToCount, withChannels } from "../media/image.ts";
import { resizeImages } from "../media/resize.ts";

/** The largest number of pixels to add per side, and how far the mask fades into the picture. */
export interface Padding {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly feathering: number;
}

/** Surrounds pictures with grey and gives the mask of what is to be painted. */
export function padForOutpaint(batch: ImageBatch, padding: Padding): { image: ImageBatch; mask: ImageBatch } {
  const width = batch.width + padding.left + padding.right;
  const height = batch.height + padding.top + padding.bottom;
  const stride = batch.width * batch.channels;
  const image = mapImages(batch, { width, height, channels: batch.channels }, (source, target) => {
    target.fill(0.5);
    for (let y = 0; y < batch.height; y++) {
      const start = ((y + padding.top) * width + padding.left) * batch.channels;
      target.set(source.subarray(y * stride, (y + 1) * stride), start);
    }
  });
  const mask = new Float32Array(width * height).fill(1);
  for (let y = 0; y < batch.height; y++) {
    for (let x = 0; x < batch.width; x++) {
      mask[(y + padding.top) * width + x + padding.left] = fade(batch, padding, x, y);
    }
  }
  return { image, mask: createImages({ width, height, channels: 1 }, [mask]) };
}

function fade(batch: ImageBatch, padding: Padding, x: number, y: number): number {
  const { feathering } = padding;
  if (feathering <= 0 || feathering * 2 >= batch.width || feathering * 2 >= batch.height) return 0;
  const distance = Math.min(
    padding.top === 0 ? batch.height : y,
    padding.bottom === 0 ? batch.height : batch.height - y,
    padding.left === 0 ? batch.width : x,
    padding.right === 0 ? batch.width : batch.width - x,
  );
  return distance >= feathering ? 0 : ((feathering - distance) / feathering) ** 2;
}

export interface Placement {
  readonly x: number;
  readonly y: number;
  readonly resizeSource: boolean;
  readonly mask?: ImageBatch | undefined;
}

/** Lays the source over the destination at a position, as far as the mask lets it through. */
export function compositeImages(destination: ImageBatch, source: ImageBatch, placement: Placement): ImageBatch {
  const { width, height, channels, count } = destination;
  const sized = placement.resizeSource ? resizeImages(source, width, height, "bilinear") : source;
  const over = repeatToCount(channels === 1 ? sized : withChannels(sized, channels === 4 ? 4 : 3), count);
  const stretched = placement.mask && resizeImages(placement.mask, over.width, over.height, "bilinear");
  const mask = stretched && repeatToCount(stretched, count);
  const left = Math.max(-over.width, Math.min(placement.x, width));
  const top = Math.max(-over.height, Math.min(placement.y, height));
  const pictures = Array.from({ length: count }, (_, index) => {
    const picture = Float32Array.from(destination.at(index));
    const above = over.at(index);
    const cover = mask?.at(index);
    for (let y = 0; y < Math.min(over.height, height - top); y++) {
      for (let x = 0; x < Math.min(over.width, width - left); x++) {
        const weight = cover?.[y * over.width + x] ?? 1;
        const at = ((y + top) * width + x + left) * channels;
        const from = (y * over.width + x) * channels;
        for (let channel = 0; channel < channels; channel++) {
          const kept = Math.fround(Math.fround(1 - weight) * (picture[at + channel] ?? 0));
          picture[at + channel] = Math.fround(weight * (above[from + channel] ?? 0)) + kept;
        }
      }
    }
    return picture;
  });
  return createImages(destination, pictures);
}
