import type { Sound } from "./audio.ts";
import { decodeFlac } from "./flac-decode.ts";
import { decodeMp3 } from "./mp3.ts";
import { decodeWav } from "./wav.ts";

/**
 * Reads WAV, FLAC or MP3 by what the bytes are, whatever the file is called.
 * @throws Error with one sentence when they are none of them, or broken.
 */
export async function decodeAudio(bytes: Uint8Array): Promise<Sound> {
  const head = Buffer.from(bytes.subarray(0, 12)).toString("latin1");
  if (head.startsWith("RIFF") && head.endsWith("WAVE")) return decodeWav(bytes);
  if (head.startsWith("fLaC")) return decodeFlac(bytes);
  const isMp3 = head.startsWith("ID3") || ((bytes[0] ?? 0) === 0xff && ((bytes[1] ?? 0) & 0xe0) === 0xe0);
  if (isMp3) return decodeMp3(bytes);
  throw new Error("Invalid data found when processing input: expected WAV, FLAC or MP3");
}
