import { extname } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  gif: "image/gif",
  bmp: "image/bmp",
  svg: "image/svg+xml",
  avif: "image/avif",
  tif: "image/tiff",
  tiff: "image/tiff",
  mp4: "video/mp4",
  webm: "video/webm",
  mkv: "video/x-matroska",
  mov: "video/quicktime",
  wav: "audio/x-wav",
  flac: "audio/flac",
  mp3: "audio/mpeg",
  opus: "audio/ogg",
  ogg: "audio/ogg",
  m4a: "audio/mp4",
  txt: "text/plain",
  json: "application/json",
  js: "application/javascript",
  zip: "application/zip",
  pdf: "application/pdf",
};

/** The media type by extension. What a browser would run (HTML, CSS) and the unknown is a stream of octets. */
export function mediaTypeOf(filename: string): string {
  return TYPES[extname(filename).slice(1).toLowerCase()] ?? "application/octet-stream";
}
