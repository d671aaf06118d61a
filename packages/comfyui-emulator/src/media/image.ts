/**
 * A batch of equally sized pictures as ComfyUI's IMAGE and MASK know them: float32, 0..1, rows from the top,
 * channels interleaved. A mask is a batch with one channel.
 *
 * Pictures are asked for one at a time: ten seconds of 512x512 video are 786 MB as float32, so a batch may
 * compute a frame whenever it is read instead of holding them all.
 */
export interface ImageBatch {
  readonly count: number;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** The pixels of one picture, `width * height * channels` long. Readers must not write to it. */
  at(index: number): Float32Array;
}

/** One picture with 8 bits per channel: grey (1), RGB (3) or RGBA (4), rows from the top. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

export interface ImageSize {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** A batch that holds its pictures. All must have the length that the size asks for. */
export function createImages(size: ImageSize, pictures: readonly Float32Array[]): ImageBatch {
  const { width, height, channels } = size;
  return { width, height, channels, count: pictures.length, at: (index) => pickFrame(pictures, index) };
}

/** A batch whose pictures are computed each time they are read. */
export function createLazyImages(size: ImageSize, count: number, draw: (index: number) => Float32Array): ImageBatch {
  const { width, height, channels } = size;
  return { width, height, channels, count, at: draw };
}

function pickFrame(pictures: readonly Float32Array[], index: number): Float32Array {
  const picture = pictures[index];
  if (picture === undefined) throw new RangeError(`picture ${index} of a batch of ${pictures.length} was asked for`);
  return picture;
}

/** Applies one function to every picture; it gets the source pixels and fills the target. */
export function mapImages(
  batch: ImageBatch,
  size: ImageSize,
  fill: (source: Float32Array, target: Float32Array) => void,
): ImageBatch {
  const pictures: Float32Array[] = [];
  for (let index = 0; index < batch.count; index++) {
    const target = new Float32Array(size.width * size.height * size.channels);
    fill(batch.at(index), target);
    pictures.push(target);
  }
  return createImages(size, pictures);
}

/** Lists a batch's pictures, repeating them cyclically up to `count` as ComfyUI does when batches differ. */
export function repeatToCount(batch: ImageBatch, count: number): ImageBatch {
  if (batch.count === count) return batch;
  return createLazyImages(batch, count, (index) => batch.at(index % batch.count));
}

/** 8-bit to float the way LoadImage does it: one float32 division by 255. */
export function toFloats(pixels: Pixels): Float32Array {
  const floats = new Float32Array(pixels.data.length);
  for (let index = 0; index < floats.length; index++) floats[index] = (pixels.data[index] ?? 0) / 255;
  return floats;
}

/**
 * Float to 8-bit the way SaveImage does it: multiplied by 255 in float32, clipped, cut off (not rounded).
 * The float32 product matters: in float64 100/255*255 falls just below 100 and would be cut to 99.
 */
export function toPixels(size: ImageSize, floats: Float32Array): Pixels {
  const data = new Uint8Array(floats.length);
  for (let index = 0; index < data.length; index++) {
    const level = Math.fround((floats[index] ?? 0) * 255);
    data[index] = level <= 0 ? 0 : level >= 255 ? 255 : level;
  }
  return { width: size.width, height: size.height, channels: size.channels, data };
}

/** The same picture with another number of channels: alpha is dropped, or added fully opaque; grey is spread. */
export function withChannels(batch: ImageBatch, channels: 3 | 4): ImageBatch {
  if (batch.channels === channels) return batch;
  const { width, height } = batch;
  return mapImages(batch, { width, height, channels }, (source, target) => {
    for (let pixel = 0; pixel < width * height; pixel++) {
      for (let channel = 0; channel < channels; channel++) {
        const from = batch.channels === 1 && channel < 3 ? 0 : channel;
        target[pixel * channels + channel] = from < batch.channels ? (source[pixel * batch.channels + from] ?? 0) : 1;
      }
    }
  });
}
