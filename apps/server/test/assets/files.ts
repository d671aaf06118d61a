const bytes = (...parts: readonly (string | readonly number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part))));

/** The first bytes of files, followed by some content. Enough to be told apart and measured, not to be played. */
export const heads = {
  png: bytes(
    "\x89PNG\r\n\x1a\n",
    [0, 0, 0, 13],
    "IHDR",
    [0, 0, 0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 31, 21, 196, 137],
    [0, 0, 0, 0],
    "IDAT",
  ),
  jpeg: bytes(
    [0xff, 0xd8, 0xff, 0xe0, 0, 16],
    "JFIF\0",
    [1, 1, 0, 0, 1, 0, 1, 0, 0],
    [0xff, 0xc0, 0, 11, 8, 0, 1, 0, 1, 1, 1, 0x11, 0],
    [0xff, 0xd9],
  ),
  gif: bytes("GIF89a", [1, 0, 1, 0, 0, 0, 0], [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0], [2, 2, 0x44, 1, 0], [0x3b]),
  webp: bytes(
    "RIFF",
    [30, 0, 0, 0],
    "WEBPVP8 ",
    [18, 0, 0, 0, 0x30, 1, 0, 0x9d, 1, 0x2a, 1, 0, 1, 0],
    Array<number>(8).fill(0),
  ),
  wav: bytes("RIFF", [36, 0, 0, 0], "WAVEfmt ", [16, 0, 0, 0, 1, 0, 1, 0], Array<number>(20).fill(0)),
  mp3: bytes("ID3", [3, 0, 0, 0, 0, 31, 118], Array<number>(64).fill(0)),
  flac: bytes("fLaC", [0, 0, 0, 34], Array<number>(34).fill(0)),
  opus: bytes("OggS", [0, 2], Array<number>(20).fill(0), [1, 19], "OpusHead", [1, 1], Array<number>(16).fill(0)),
  m4a: bytes([0, 0, 0, 32], "ftypM4A ", [0, 0, 0, 0], "M4A mp42isom", [0, 0, 0, 0]),
  mp4: bytes([0, 0, 0, 32], "ftypisom", [0, 0, 2, 0], "isomiso2avc1mp41"),
  pdf: bytes("%PDF-1.7\n", Array<number>(32).fill(32)),
  zip: bytes("PK\x03\x04", Array<number>(64).fill(0)),
  exe: bytes("MZ", Array<number>(64).fill(0)),
  svg: bytes('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
  html: bytes("<!doctype html><script>alert(1)</script>"),
  text: bytes("just some words"),
  empty: Buffer.alloc(0),
} as const;
