import { describe, expect, it } from "vitest";
import { heads } from "../../test/assets/files.ts";
import { toGif, toJpeg, toPng, toWebp } from "../../test/assets/pictures.ts";
import { toStream } from "../../test/assets/set-up.ts";
import { createPictureHeader } from "../adapters/sniff/picture-header.ts";
import { createCheckPicture } from "./check-picture.ts";

const checkPicture = createCheckPicture({ header: createPictureHeader(), pixelsMax: 1_000_000 });

async function check(type: string, bytes: Buffer, pieceBytes = bytes.length): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
  const passed: Uint8Array[] = [];
  for await (const piece of checkPicture(type, toStream(...pieces))) passed.push(piece);
  return Buffer.concat(passed);
}

const pictures = [
  ["image/png", toPng(1000, 1000)],
  ["image/png", toPng(1000, 1000, 1, 200_000)],
  ["image/apng", toPng(100, 100, 100)],
  ["image/jpeg", toJpeg(1000, 1000)],
  ["image/jpeg", toJpeg(1000, 1000, 700_000)],
  ["image/gif", toGif(100, 100, 100)],
  ["image/webp", toWebp(100, 100, 100)],
  ["image/webp", heads.webp],
] as const;

describe("a picture within the limit", () => {
  it.each(pictures)("passes unchanged: %s", async (type, bytes) => {
    expect((await check(type, bytes)).equals(bytes)).toBe(true);
    expect((await check(type, bytes, 7_919)).equals(bytes)).toBe(true);
  });

  it("is measured however small its pieces are", async () => {
    const gif = toGif(100, 100, 20);
    expect((await check("image/gif", gif, 1)).equals(gif)).toBe(true);
  });
});

describe("a picture past the limit", () => {
  it.each([
    ["image/png", toPng(1001, 1000)],
    ["image/png", toPng(4_000_000_000, 4_000_000_000)],
    ["image/jpeg", toJpeg(65_535, 65_535)],
    ["image/jpeg", toJpeg(1001, 1000, 700_000)],
    ["image/gif", toGif(1001, 1000, 1)],
    ["image/webp", toWebp(1001, 1000, 1)],
  ] as const)("is refused by its header alone: %s", async (type, bytes) => {
    await expect(check(type, bytes)).rejects.toMatchObject({ code: "image_too_large", status: 413 });
  });

  it("is refused before the rest of it is read", async () => {
    let read = 0;
    async function* body() {
      yield toPng(50_000, 50_000).subarray(0, 64);
      for (; read < 1_000; read++) yield Buffer.alloc(1_000);
    }
    await expect(checkPicture("image/png", body()).next()).rejects.toMatchObject({ code: "image_too_large" });
    expect(read).toBe(0);
  });

  it.each([
    ["image/gif", toGif(100, 100, 101)],
    ["image/webp", toWebp(100, 100, 101)],
    ["image/apng", toPng(100, 100, 101)],
    ["image/png", toPng(100, 100, 101)],
  ] as const)("is refused when its frames together pass it: %s", async (type, bytes) => {
    await expect(check(type, bytes)).rejects.toMatchObject({
      code: "image_too_large",
      message: expect.stringContaining("101 frames"),
    });
    await expect(check(type, bytes, 3)).rejects.toMatchObject({ code: "image_too_large" });
  });

  it("is refused when a frame is larger than the picture says it is", async () => {
    await expect(check("image/gif", toGif(1, 1, 1, [60_000, 60_000]))).rejects.toMatchObject({
      code: "image_too_large",
    });
  });

  it("is refused for a multitude of frames of one pixel", async () => {
    await expect(check("image/gif", toGif(1, 1, 2_001))).rejects.toThrow("2000 frames");
  });

  it("are counted behind bytes that are no block as well: decoders go past them", async () => {
    const gif = toGif(1, 1, 2_001);
    const [head, frames] = [gif.subarray(0, 19), gif.subarray(19)];
    for (const stray of [[0xff], [0x00, 0x01]]) {
      const odd = Buffer.concat([head, Buffer.from(stray), frames]);
      await expect(check("image/gif", odd)).rejects.toThrow("2000 frames");
    }
  });
});

describe("a file that only begins like a picture", () => {
  it.each([
    ["image/jpeg", heads.jpeg.subarray(0, 20)],
    ["image/png", heads.png.subarray(0, 12)],
    ["image/gif", Buffer.concat([Buffer.from("GIF89a"), Buffer.alloc(20)])],
    ["image/webp", heads.webp.subarray(0, 16)],
    ["image/avif", Buffer.from("\0\0\0\x20ftypavif\0\0\0\0avifmif1")],
    ["image/tiff", Buffer.from("II*\0\xff\xff\xff\x7f", "latin1")],
    ["image/bmp", Buffer.from("BM\0\0")],
  ] as const)("is refused when it says nowhere how large it is: %s", async (type, bytes) => {
    await expect(check(type, bytes)).rejects.toMatchObject({ code: "media_unusable", status: 422 });
  });
});

it("lets other files pass as they are", async () => {
  expect((await check("audio/wav", heads.wav)).equals(heads.wav)).toBe(true);
});
