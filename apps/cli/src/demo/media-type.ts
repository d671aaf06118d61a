import type { Kind } from "@comfy/client";

/** What each kind must bring back. */
const FAMILIES: Readonly<Record<Kind, string>> = { portrait: "image", image: "image", tts: "audio", lipsync: "video" };

const EXTENSIONS: Readonly<Record<string, string>> = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/webp": "webp",
  "audio/wav": "wav",
  "audio/x-wav": "wav",
  "audio/wave": "wav",
  "audio/flac": "flac",
  "audio/x-flac": "flac",
  "audio/mpeg": "mp3",
  "audio/ogg": "ogg",
  "video/mp4": "mp4",
  "video/webm": "webm",
};

/** How the bytes of each format begin; a link that opens on an error page is no working link. */
const BEGINNINGS: readonly (readonly [extension: string, begins: (bytes: Buffer) => boolean])[] = [
  ["png", (bytes) => bytes.subarray(1, 4).toString("latin1") === "PNG"],
  ["jpg", (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8],
  ["webp", (bytes) => bytes.subarray(8, 12).toString("latin1") === "WEBP"],
  ["wav", (bytes) => bytes.subarray(8, 12).toString("latin1") === "WAVE"],
  ["flac", (bytes) => bytes.subarray(0, 4).toString("latin1") === "fLaC"],
  [
    "mp3",
    (bytes) => bytes.subarray(0, 3).toString("latin1") === "ID3" || (bytes[0] === 0xff && (bytes[1] ?? 0) >= 0xe0),
  ],
  ["ogg", (bytes) => bytes.subarray(0, 4).toString("latin1") === "OggS"],
  ["mp4", (bytes) => bytes.subarray(4, 8).toString("latin1") === "ftyp"],
  ["webm", (bytes) => bytes.readUInt32BE(0) === 0x1a45dfa3],
];

/**
 * The file extension for what a link brought.
 *
 * @throws Error when it is not what the kind makes, or its bytes are not what its type says.
 */
export function toExtension(kind: Kind, contentType: string, firstBytes: Buffer): string {
  const type = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  const extension = EXTENSIONS[type];
  if (!extension || !type.startsWith(`${FAMILIES[kind]}/`))
    throw new Error(`the link of a ${kind} brought "${type}", not ${FAMILIES[kind]}`);
  const begins = BEGINNINGS.find(([name]) => name === extension)?.[1];
  if (firstBytes.length < 12 || !begins?.(firstBytes))
    throw new Error(`the link brought ${type} that does not begin as one`);
  return extension;
}
