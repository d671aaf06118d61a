const u16 = (value: number) => [value & 255, value >> 8];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];
const big32 = (value: number) => u32(value).reverse();
const latin = (text: string) => [...Buffer.from(text, "latin1")];

/** A GIF of that many frames; each of the whole size, or of `frame`. */
export function toGif(width: number, height: number, frames: number, frame = [width, height]): Buffer {
  const [w = 0, h = 0] = frame;
  // A colour table of two, a comment in front of each frame, two sub-blocks in each.
  const head = [...latin("GIF89a"), ...u16(width), ...u16(height), 0x80, 0, 0, 0, 0, 0, 255, 255, 255];
  const one = [0x21, 0xfe, 2, 1, 1, 0, 0x2c, 0, 0, 0, 0, ...u16(w), ...u16(h), 0, 2, 2, 0x44, 1, 1, 0x2c, 0];
  return Buffer.from([...head, ...Array.from({ length: frames }, () => one).flat(), 0x3b]);
}

/** The parts of an animated WebP that say how large it is and how many frames it has; nothing to decode. */
export function toWebp(width: number, height: number, frames: number): Buffer {
  const u24 = (value: number) => u32(value).slice(0, 3);
  const chunk = (name: string, body: readonly number[]) => [
    ...latin(name),
    ...u32(body.length),
    ...body,
    ...(body.length % 2 ? [0] : []),
  ];
  const canvas = chunk("VP8X", [2, 0, 0, 0, ...u24(width - 1), ...u24(height - 1)]);
  const frame = chunk("ANMF", Array<number>(17).fill(0));
  const body = [...latin("WEBP"), ...canvas, ...Array.from({ length: frames }, () => frame).flat()];
  return Buffer.from([...latin("RIFF"), ...u32(body.length), ...body]);
}

const pngChunk = (name: string, body: readonly number[]) => [
  ...big32(body.length),
  ...latin(name),
  ...body,
  ...[0, 0, 0, 0],
];

/** The parts of a PNG that say how large it is, with one `fcTL` for each frame past the first. */
export function toPng(width: number, height: number, frames = 1, textLength = 0): Buffer {
  return Buffer.from([
    ...latin("\x89PNG\r\n\x1a\n"),
    ...pngChunk("IHDR", [...big32(width), ...big32(height), 8, 6, 0, 0, 0]),
    ...(frames > 1 ? pngChunk("acTL", [...big32(frames), 0, 0, 0, 0]) : []),
    ...pngChunk("tEXt", Array<number>(textLength).fill(97)),
    ...(frames > 1 ? Array.from({ length: frames }, () => pngChunk("fcTL", Array<number>(26).fill(0))).flat() : []),
    ...pngChunk("IDAT", [0]),
    ...pngChunk("IEND", []),
  ]);
}

/** A JPEG up to its frame header, which stands behind that many bytes of camera data. */
export function toJpeg(width: number, height: number, exifLength = 0): Buffer {
  const segments: number[] = [];
  for (let left = exifLength; left > 0; left -= 60_000) {
    const length = Math.min(left, 60_000);
    segments.push(0xff, 0xe2, (length + 2) >> 8, (length + 2) & 255, ...Array<number>(length).fill(7));
  }
  const frame = [0xff, 0xc0, 0, 11, 8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0];
  const head = [0xff, 0xd8, 0xff, 0xe0, 0, 16, ...latin("JFIF\0"), 1, 1, 0, 0, 1, 0, 1, 0, 0];
  return Buffer.concat([Buffer.from(head), Buffer.from(segments), Buffer.from([...frame, 0xff, 0xd9])]);
}
