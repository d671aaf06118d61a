import { registerAacEncoder } from "@mediabunny/aac-encoder";
import {
  AudioSample,
  AudioSampleSource,
  BufferTarget,
  EncodedVideoPacketSource,
  Mp4OutputFormat,
  Output,
} from "mediabunny";
import { lengthOf, type Sound } from "./audio.ts";
import { encodeH264, type H264Stream } from "./h264.ts";
import type { ImageBatch } from "./image.ts";
import { resampleSound } from "./resample.ts";

/** Sample rates that AAC knows; others are resampled to 48 kHz. */
const AAC_RATES = [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000];
const AAC_BITRATE = 128_000;

export interface Film {
  readonly images: ImageBatch;
  readonly framesPerSecond: number;
  readonly sound?: Sound | undefined;
  /** Key-value pairs kept in the file; ComfyUI stores the graph under `prompt`. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** Writes an MP4 with H.264 and, when there is sound, AAC-LC. */
export async function encodeMp4(film: Film, signal?: AbortSignal): Promise<Uint8Array> {
  return writeMp4(await encodeH264(film.images, film.framesPerSecond, signal), film);
}

/** Puts encoded pictures and the sound into one file; the index comes first so that browsers start at once. */
export async function writeMp4(stream: H264Stream, film: Omit<Film, "images">): Promise<Uint8Array> {
  const target = new BufferTarget();
  const output = new Output({
    format: new Mp4OutputFormat({ fastStart: "in-memory", metadataFormat: "mdta" }),
    target,
  });
  const video = new EncodedVideoPacketSource("avc");
  output.addVideoTrack(video, { frameRate: film.framesPerSecond });
  const sound = film.sound === undefined || lengthOf(film.sound) === 0 ? undefined : toAacRate(film.sound);
  const audio = sound === undefined ? undefined : createAacSource();
  if (audio !== undefined) output.addAudioTrack(audio);
  if (film.tags !== undefined) output.setMetadataTags({ raw: { ...film.tags } });
  await output.start();
  for (const packet of stream.packets) await video.add(packet, { decoderConfig: stream.decoderConfig });
  video.close();
  if (audio !== undefined && sound !== undefined) {
    using sample = toSample(sound);
    await audio.add(sample);
    audio.close();
  }
  await output.finalize();
  if (target.buffer === null) throw new Error("the MP4 writer returned nothing");
  return new Uint8Array(target.buffer);
}

/** The samples in the form that mediabunny's encoders take: one channel after the other. */
export function toSample(sound: Sound): AudioSample {
  const length = lengthOf(sound);
  const data = new Float32Array(length * sound.channels.length);
  sound.channels.forEach((channel, index) => {
    data.set(channel, index * length);
  });
  const { sampleRate } = sound;
  return new AudioSample({
    data,
    format: "f32-planar",
    numberOfChannels: sound.channels.length,
    sampleRate,
    timestamp: 0,
  });
}

let isAacRegistered = false;

function createAacSource(): AudioSampleSource {
  if (!isAacRegistered) registerAacEncoder();
  isAacRegistered = true;
  return new AudioSampleSource({ codec: "aac", bitrate: AAC_BITRATE });
}

function toAacRate(sound: Sound): Sound {
  return AAC_RATES.includes(sound.sampleRate) ? sound : resampleSound(sound, 48_000);
}
