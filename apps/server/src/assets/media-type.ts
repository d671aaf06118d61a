export type MediaFamily = "image" | "audio" | "video";

/** A family in a sentence: "expected …". */
export const familyWords: Readonly<Record<MediaFamily, string>> = {
  image: "an image",
  audio: "audio",
  video: "a video",
};

/** Content that nothing is known about; always downloaded, never shown. */
export const unknownType = "application/octet-stream";

interface MediaType {
  readonly extension: string;
  /** Whether a browser may show it in place. Nothing that can hold script is: no SVG, HTML, XML or PDF. */
  readonly isInline: boolean;
}

/** Every type that callers may bring in, and what its files are called. */
const mediaTypes: Readonly<Record<string, MediaType>> = {
  "image/png": { extension: "png", isInline: true },
  "image/apng": { extension: "png", isInline: true },
  "image/jpeg": { extension: "jpg", isInline: true },
  "image/webp": { extension: "webp", isInline: true },
  "image/gif": { extension: "gif", isInline: true },
  "image/avif": { extension: "avif", isInline: true },
  "image/bmp": { extension: "bmp", isInline: false },
  "image/tiff": { extension: "tiff", isInline: false },
  "audio/wav": { extension: "wav", isInline: true },
  "audio/mpeg": { extension: "mp3", isInline: true },
  "audio/flac": { extension: "flac", isInline: true },
  "audio/ogg": { extension: "ogg", isInline: true },
  "audio/mp4": { extension: "m4a", isInline: true },
  "audio/aac": { extension: "aac", isInline: true },
  "video/mp4": { extension: "mp4", isInline: true },
  "video/webm": { extension: "webm", isInline: true },
  "video/quicktime": { extension: "mov", isInline: false },
  "video/matroska": { extension: "mkv", isInline: false },
};

const find = (type: string): MediaType | undefined => (Object.hasOwn(mediaTypes, type) ? mediaTypes[type] : undefined);

/** Whether callers may bring in this type. */
export function isMediaType(type: string): boolean {
  return find(type) !== undefined;
}

export function isInFamily(type: string, family: MediaFamily): boolean {
  return isMediaType(type) && type.startsWith(`${family}/`);
}

export function isInlineType(type: string): boolean {
  return find(type)?.isInline ?? false;
}

/** The extension, without a dot, that files of this type carry; undefined for types we do not know. */
export function extensionOf(type: string): string | undefined {
  return find(type)?.extension;
}
