import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it, onTestFinished } from "vitest";
import { heads } from "../../../test/assets/files.ts";
import { toGif, toPng } from "../../../test/assets/pictures.ts";
import { never, toStream } from "../../../test/assets/set-up.ts";
import { AppError } from "../../errors.ts";
import { createBoundedQueue } from "./bounded-queue.ts";
import { createStripLocation } from "./strip-location.ts";

async function setUp() {
  const directory = await mkdtemp(join(tmpdir(), "strip-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const strip = await createStripLocation({ directory, pixelsMax: 10_000 });
  const run = async (body: AsyncIterable<Uint8Array>, signal: AbortSignal = never): Promise<Buffer> => {
    const pieces: Uint8Array[] = [];
    for await (const piece of strip(body, { sizeBytesMax: 100_000, signal })) pieces.push(piece);
    return Buffer.concat(pieces);
  };
  return { directory, run };
}

const place = {
  IFD3: { GPSLatitudeRef: "N", GPSLatitude: "48/1 51/1 29/1" },
  IFD0: { Make: "Camera", Software: "secret" },
};

/** Left half red, right half blue, and lying on its side: a viewer turns it by a quarter. */
async function toPhoto(format: "jpeg" | "png" | "webp"): Promise<Buffer> {
  const half = await sharp({ create: { width: 20, height: 30, channels: 3, background: "red" } })
    .png()
    .toBuffer();
  return sharp({ create: { width: 40, height: 30, channels: 3, background: "blue" } })
    .composite([{ input: half, left: 0, top: 0 }])
    .withExif(place)
    .withMetadata({ orientation: 6, exif: place })
    .toFormat(format)
    .toBuffer();
}

describe("a picture without its location", () => {
  it.each(["jpeg", "png", "webp"] as const)("looks the same and tells nothing of its camera: %s", async (format) => {
    const { run, directory } = await setUp();
    const photo = await toPhoto(format);
    const before = await sharp(photo).metadata();
    expect(before.exif?.includes("Camera")).toBe(true);
    expect(before.orientation).toBe(6);
    const stripped = await run(toStream(photo));
    const after = await sharp(stripped).metadata();
    expect(after).toMatchObject({ format, width: 30, height: 40 });
    expect(after.exif).toBeUndefined();
    expect(after.xmp).toBeUndefined();
    expect(stripped.includes("Camera")).toBe(false);
    // What lay on the left is at the top once the picture was turned.
    const { data } = await sharp(stripped).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect(data[0]).toBeGreaterThan(200);
    expect(data.at(-1)).toBeGreaterThan(200);
    expect(await readdir(directory)).toEqual([]);
  });

  it("keeps the frames of an animation", async () => {
    const { run } = await setUp();
    const colours = ["red", "green", "blue"].map((background) => ({
      create: { width: 8, height: 8, channels: 3 as const, background },
    }));
    const stills = await Promise.all(colours.map((colour) => sharp(colour).png().toBuffer()));
    const frames = await sharp(stills, { join: { animated: true } })
      .webp()
      .toBuffer();
    const { pages } = await sharp(frames).metadata();
    expect(pages).toBe(3);
    expect((await sharp(await run(toStream(frames))).metadata()).pages).toBe(3);
  });

  it.each([
    ["a GIF", toGif(8, 8, 1)],
    ["an animated PNG", toPng(8, 8, 3)],
    ["a sound", heads.wav],
    ["a page", heads.html],
    ["an SVG", heads.svg],
    ["nothing", heads.empty],
  ] as const)("is nothing that %s could be", async (_, bytes) => {
    const { run, directory } = await setUp();
    await expect(run(toStream(bytes))).rejects.toMatchObject({ code: "unsupported_media_type", status: 415 });
    expect(await readdir(directory)).toEqual([]);
  });

  it("is refused by its header when it unpacks into too much", async () => {
    const { run } = await setUp();
    await expect(run(toStream(toPng(30_000, 30_000)))).rejects.toMatchObject({ code: "image_too_large" });
  });

  it("is refused when it breaks off", async () => {
    const { run } = await setUp();
    const photo = await toPhoto("jpeg");
    await expect(run(toStream(photo.subarray(0, photo.length - 30)))).rejects.toMatchObject({ code: "media_unusable" });
  });

  it("leaves nothing behind when its sender breaks off, sends too much, or goes away", async () => {
    const { run, directory } = await setUp();
    const refusal = new AppError("invalid_signature", "Invalid signature");
    async function* broken() {
      yield heads.png;
      throw refusal;
    }
    await expect(run(broken())).rejects.toBe(refusal);
    await expect(run(toStream(Buffer.alloc(100_001)))).rejects.toMatchObject({ code: "payload_too_large" });
    await expect(run(toStream(heads.png), AbortSignal.abort(refusal))).rejects.toBe(refusal);
    expect(await readdir(directory)).toEqual([]);
  });
});

describe("the queue of pictures", () => {
  it("lets one in at a time, in order, and refuses who would be one too many", async () => {
    const queue = createBoundedQueue({ atOnce: 1, waitingMax: 2 });
    const order: number[] = [];
    const first = Promise.withResolvers<void>();
    const runs = [
      queue.run(async () => {
        order.push(1);
        await first.promise;
      }, never),
      queue.run(async () => void order.push(2), never),
      queue.run(async () => void order.push(3), never),
    ];
    await expect(queue.run(async () => {}, never)).rejects.toMatchObject({ code: "unavailable", retryAfterSeconds: 5 });
    expect(order).toEqual([1]);
    first.resolve();
    await Promise.all(runs);
    expect(order).toEqual([1, 2, 3]);
  });

  it("forgets who gives up waiting, and goes on after a failure", async () => {
    const queue = createBoundedQueue({ atOnce: 1, waitingMax: 1 });
    const first = Promise.withResolvers<void>();
    const running = queue.run(() => first.promise, never);
    const leaving = new AbortController();
    const left = queue.run(async () => "in", leaving.signal);
    leaving.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    const next = queue.run(async () => "in", never);
    first.reject(new Error("broken"));
    await expect(running).rejects.toThrow("broken");
    expect(await next).toBe("in");
  });
});
