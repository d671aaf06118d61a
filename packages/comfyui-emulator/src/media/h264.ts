import { setImmediate } from "node:timers/promises";
import h264 from "h264-mp4-encoder";
import { BufferSource, type EncodedPacket, EncodedPacketSink, Input, MP4 } from "mediabunny";
import { type ImageBatch, toPixels } from "./image.ts";

/** Quantiser 22 looks clean on drawn pictures; speed 10 of 10 takes half the time of 8, for files of the same size. */
const QUANTIZER = 22;
const SPEED = 10;

/** An H.264 stream (Baseline, yuv420p) ready to be put into a container. */
export interface H264Stream {
  readonly packets: readonly EncodedPacket[];
  readonly decoderConfig: VideoDecoderConfig;
}

let filesMade = 0;

/**
 * Encodes frames, giving the event loop a turn after each.
 * @throws Error when a side is odd (yuv420p halves both) or there is no frame; the signal's reason when aborted.
 */
export async function encodeH264(
  images: ImageBatch,
  framesPerSecond: number,
  signal?: AbortSignal,
): Promise<H264Stream> {
  if (images.width % 2 !== 0 || images.height % 2 !== 0) {
    throw new Error(`video sides must be even for yuv420p, got ${images.width}x${images.height}`);
  }
  if (images.count === 0) throw new Error("a video needs at least one frame, got none");
  const encoder = await h264.createH264MP4Encoder();
  // All encoders share one file system in memory: two videos at a time need two names.
  encoder.outputFilename = `video-${++filesMade}.mp4`;
  try {
    encoder.width = images.width;
    encoder.height = images.height;
    encoder.frameRate = framesPerSecond;
    encoder.quantizationParameter = QUANTIZER;
    encoder.speed = SPEED;
    encoder.groupOfPictures = Math.max(1, Math.round(framesPerSecond));
    encoder.initialize();
    for (let index = 0; index < images.count; index++) {
      signal?.throwIfAborted();
      encoder.addFrameRgba(toRgbaBytes(images, images.at(index)));
      await setImmediate();
    }
    encoder.finalize();
    return await readStream(encoder.FS.readFile(encoder.outputFilename, {}));
  } finally {
    encoder.FS.unlink(encoder.outputFilename);
    encoder.delete();
  }
}

async function readStream(file: Uint8Array): Promise<H264Stream> {
  using input = new Input({ formats: [MP4], source: new BufferSource(file) });
  const track = await input.getPrimaryVideoTrack();
  const decoderConfig = await track?.getDecoderConfig();
  if (!track || !decoderConfig) throw new Error("the H.264 encoder returned no video track");
  const packets: EncodedPacket[] = [];
  for await (const packet of new EncodedPacketSink(track).packets()) packets.push(packet);
  return { packets, decoderConfig };
}

function toRgbaBytes(images: ImageBatch, floats: Float32Array): Uint8Array {
  const { data } = toPixels(images, floats);
  const rgba = new Uint8Array(images.width * images.height * 4);
  for (let pixel = 0; pixel < images.width * images.height; pixel++) {
    const from = pixel * images.channels;
    rgba[pixel * 4] = data[from] ?? 0;
    rgba[pixel * 4 + 1] = data[from + 1] ?? 0;
    rgba[pixel * 4 + 2] = data[from + 2] ?? 0;
    rgba[pixel * 4 + 3] = 255;
  }
  return rgba;
}
