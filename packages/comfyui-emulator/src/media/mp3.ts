import { registerMp3Encoder } from "@mediabunny/mp3-encoder";
import { AudioSampleSource, BufferTarget, Mp3OutputFormat, Output } from "mediabunny";
import { MPEGDecoder } from "mpg123-decoder";
import { lengthOf, type Sound } from "./audio.ts";
import { toSample } from "./mp4.ts";
import { resampleSound } from "./resample.ts";

const MP3_RATES = [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000];

let isRegistered = false;

/** Writes an MP3 of constant bitrate with LAME; rates that MP3 does not know become 44.1 kHz. */
export async function encodeMp3(
  sound: Sound,
  bitrate: number,
  tags: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  if (!isRegistered) registerMp3Encoder();
  isRegistered = true;
  const target = new BufferTarget();
  const output = new Output({ format: new Mp3OutputFormat(), target });
  const source = new AudioSampleSource({ codec: "mp3", bitrate });
  output.addAudioTrack(source);
  output.setMetadataTags({ raw: { TXXX: { ...tags } } });
  await output.start();
  const known = MP3_RATES.includes(sound.sampleRate) ? sound : resampleSound(sound, 44_100);
  if (lengthOf(known) > 0) {
    using sample = toSample(known);
    await source.add(sample);
  }
  source.close();
  await output.finalize();
  if (target.buffer === null) throw new Error("the MP3 writer returned nothing");
  return new Uint8Array(target.buffer);
}

/** Reads an MP3; the encoder's delay and padding are cut off where the file states them. */
export async function decodeMp3(bytes: Uint8Array): Promise<Sound> {
  const decoder = new MPEGDecoder({ enableGapless: true });
  await decoder.ready;
  try {
    const { channelData, sampleRate, samplesDecoded } = decoder.decode(bytes);
    if (samplesDecoded === 0) throw new Error("the MP3 file holds no sound");
    // The decoder doubles mono; a file that says "mono" (mode 3 in its frame headers) is given back as one channel.
    const isDoubled = isMono(bytes);
    return { sampleRate, channels: isDoubled ? channelData.slice(0, 1) : channelData };
  } finally {
    decoder.free();
  }
}

function isMono(bytes: Uint8Array): boolean {
  const tagLength =
    Buffer.from(bytes.subarray(0, 3)).toString("latin1") === "ID3" ? syncSafe(bytes.subarray(6, 10)) + 10 : 0;
  for (let at = tagLength; at + 4 <= bytes.length; at++) {
    if (bytes[at] === 0xff && ((bytes[at + 1] ?? 0) & 0xe0) === 0xe0) return (bytes[at + 3] ?? 0) >> 6 === 3;
  }
  return false;
}

/** The length of an ID3 tag: four bytes of seven bits. */
function syncSafe(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0);
}
