import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import sharp, { type Metadata, type Sharp } from "sharp";
import type { StripLocation } from "../../assets/strip-location.ts";
import { untilAborted } from "../../assets/until-aborted.ts";
import { createWalker, walkPng } from "../../assets/walk-frames.ts";
import { AppError } from "../../errors.ts";
import { createBoundedQueue } from "./bounded-queue.ts";

export interface StripLocationOptions {
  /** Where pictures lie while they are rewritten; made, for this user alone. */
  readonly directory: string;
  /** Of all frames together. */
  readonly pixelsMax: number;
  /** Pictures that may wait for the one that is being rewritten. */
  readonly waitingMax?: number;
  readonly nowMs?: () => number;
}

/** One at a time: a picture of the largest size takes some 200 MB while it is rewritten. */
const AT_ONCE = 1;
const WAITING_MAX = 16;
/** Longer than any picture takes; one that hangs must not hold the queue. */
const REWRITE_SECONDS = 60;
/** What a crash left behind. */
const LEFTOVER_MS = 3_600_000;

/** How each is written anew; with 95, the loss is below what anybody sees. */
const writers: Readonly<Record<string, (picture: Sharp) => Sharp>> = {
  jpeg: (picture) => picture.jpeg({ quality: 95, chromaSubsampling: "4:4:4" }),
  png: (picture) => picture.png(),
  webp: (picture) => picture.webp({ quality: 95 }),
};

async function sweepLeftovers(directory: string, nowMs: number): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const found = await stat(path).catch(() => undefined);
    if (found && nowMs - found.mtimeMs > LEFTOVER_MS) await rm(path, { force: true });
  }
}

const PNG_BEGINS = 0x89;

/** Written anew, an animated PNG would be nothing but its first frame. */
function refuseFrame(): never {
  throw new AppError("unsupported_media_type", "stripLocation: expected a PNG that is not animated.");
}

async function* limit(body: AsyncIterable<Uint8Array>, sizeBytesMax: number): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  let watch: ReturnType<typeof createWalker> | undefined;
  for await (const chunk of body) {
    if (sizeBytes === 0 && chunk[0] === PNG_BEGINS) watch = createWalker(walkPng(refuseFrame));
    watch?.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > sizeBytesMax)
      throw new AppError("payload_too_large", `The file is too large: expected at most ${sizeBytesMax} bytes.`);
    yield chunk;
  }
}

const unsupported = (cause?: unknown) =>
  new AppError("unsupported_media_type", "stripLocation: expected a JPEG, PNG or WebP picture.", { cause });

/**
 * @example const stripLocation = await createStripLocation({ directory: join(dataDirectory, "rewriting"), pixelsMax: 64_000_000 });
 */
export async function createStripLocation(options: StripLocationOptions): Promise<StripLocation> {
  const { directory, pixelsMax, waitingMax = WAITING_MAX, nowMs = Date.now } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await sweepLeftovers(directory, nowMs());
  // Pictures of strangers are seen once: what is remembered of them is memory for nothing.
  sharp.cache(false);
  const queue = createBoundedQueue({ atOnce: AT_ONCE, waitingMax });

  function openPicture(path: string, isAnimated: boolean): Sharp {
    return sharp(path, { limitInputPixels: pixelsMax, failOn: "error", animated: isAnimated, sequentialRead: true });
  }

  /** Also of the header alone: what unpacks into too much is refused before it is unpacked. */
  async function readMetadata(path: string): Promise<Metadata> {
    try {
      return await openPicture(path, false).metadata();
    } catch (error) {
      throw toRefusal(error);
    }
  }

  function toRefusal(error: unknown): AppError {
    if (error instanceof AppError) return error;
    const isTooLarge = error instanceof Error && /pixel limit/i.test(error.message);
    if (isTooLarge) return new AppError("image_too_large", `The picture has more than ${pixelsMax} pixels.`);
    return unsupported(error);
  }

  async function rewrite(from: string, to: string): Promise<void> {
    const { format = "", pages = 1, height = 0, width = 0 } = await readMetadata(from);
    const write = Object.hasOwn(writers, format) ? writers[format] : undefined;
    if (!write) throw unsupported();
    if (width * height * pages > pixelsMax)
      throw new AppError("image_too_large", `The picture has more than ${pixelsMax} pixels in its ${pages} frames.`);
    const picture = openPicture(from, pages > 1).timeout({ seconds: REWRITE_SECONDS });
    // Frames lie below each other while they are worked on: turning them would turn the pile.
    const upright = pages > 1 ? picture : picture.autoOrient();
    await write(upright.keepIccProfile())
      .toFile(to)
      .catch((cause: unknown) => {
        throw new AppError("media_unusable", "The picture could not be read to its end.", { cause });
      });
  }

  return async function* stripLocation(body, { sizeBytesMax, signal }) {
    const path = join(directory, randomUUID());
    try {
      const file = createWriteStream(path, { flags: "wx", mode: 0o600 });
      await pipeline(limit(untilAborted(body, signal), sizeBytesMax), file);
      await queue.run(() => rewrite(path, `${path}.out`), signal);
      yield* createReadStream(`${path}.out`);
    } finally {
      await rm(path, { force: true });
      await rm(`${path}.out`, { force: true });
    }
  };
}
