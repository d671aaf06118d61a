import { AppError } from "../errors.ts";
import type { PictureHeader, PictureSize } from "./picture-header.ts";
import { createWalker, frameWalks } from "./walk-frames.ts";

/** Where a header is looked for: cameras and editors put previews and colour profiles, hundreds of kilobytes, in front of it. */
const HEAD_SIZE_BYTES_MAX = 1024 * 1024;
/** A decoder goes over the whole picture for each: a file of 100 MB could hold millions of frames of one pixel. */
const FRAMES_MAX = 2_000;

/**
 * The same stream, refused as soon as the picture in it is larger than may be decoded: a file of a few kilobytes can unpack into
 * gigabytes on the GPU's machine. Other files pass as they are.
 * @throws AppError `image_too_large`, `media_unusable`
 */
export type CheckPicture = (type: string, body: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>;

export interface CheckPictureDeps {
  readonly header: PictureHeader;
  /** Of all frames together. */
  readonly pixelsMax: number;
}

/** Reads until the header says how large the picture is; those pieces of the stream. */
async function readSize(iterator: AsyncIterator<Uint8Array>, header: PictureHeader) {
  const chunks: Uint8Array[] = [];
  let gatheredBytes = 0;
  // Looked at whenever there is twice as much: a stream of single bytes must not cost a look for each.
  let nextLookBytes = 64;
  for (;;) {
    const next = await iterator.next();
    if (!next.done) chunks.push(next.value);
    gatheredBytes += next.done ? 0 : next.value.length;
    if (gatheredBytes < nextLookBytes && !next.done) continue;
    nextLookBytes = gatheredBytes * 2;
    const size = header.read(Buffer.concat(chunks));
    if (size || next.done || gatheredBytes > HEAD_SIZE_BYTES_MAX) return { chunks, size };
  }
}

const tooLarge = ({ width, height }: PictureSize, frames: number, pixelsMax: number): AppError => {
  const pixels = `${width} × ${height} pixels${frames > 1 ? ` in each of ${frames} frames or more` : ""}`;
  return new AppError("image_too_large", `The picture has ${pixels}: expected at most ${pixelsMax} in all.`);
};

export function createCheckPicture({ header, pixelsMax }: CheckPictureDeps): CheckPicture {
  function assertSize(size: PictureSize | undefined, type: string): PictureSize {
    if (!size || size.width < 1 || size.height < 1) {
      throw new AppError("media_unusable", `The file begins like ${type}, but says nowhere how large the picture is.`);
    }
    if (size.width * size.height > pixelsMax) throw tooLarge(size, 1, pixelsMax);
    return size;
  }

  function createFrameWatch(type: string, whole: PictureSize) {
    const walk = Object.hasOwn(frameWalks, type) ? frameWalks[type] : undefined;
    let frames = 0;
    let { width, height } = whole;
    const onFrame = (frame: PictureSize = whole) => {
      frames += 1;
      width = Math.max(width, frame.width);
      height = Math.max(height, frame.height);
      if (width * height * frames > pixelsMax) throw tooLarge({ width, height }, frames, pixelsMax);
      if (frames > FRAMES_MAX) {
        throw new AppError("image_too_large", `The picture has more than the ${FRAMES_MAX} frames that are taken.`);
      }
    };
    return walk && createWalker(walk(onFrame));
  }

  return async function* checkPicture(type, body) {
    if (!type.startsWith("image/")) return yield* body;
    const iterator = body[Symbol.asyncIterator]();
    try {
      const { chunks, size } = await readSize(iterator, header);
      const frames = createFrameWatch(type, assertSize(size, type));
      for (const chunk of chunks) {
        frames?.push(chunk);
        yield chunk;
      }
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
        frames?.push(next.value);
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  };
}
