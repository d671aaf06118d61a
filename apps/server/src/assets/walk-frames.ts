import type { PictureSize } from "./picture-header.ts";

/** What a walk asks of the stream next: some bytes to look at, or to be carried past some. */
type Ask = { readonly take: number } | { readonly skip: number };
export type Walk = Generator<Ask, void, Buffer>;

/** Told of every frame; its size where the frame has one of its own. Throws to end the walk. */
export type OnFrame = (size?: PictureSize) => void;

function* take(sizeBytes: number): Generator<Ask, Buffer, Buffer> {
  return yield { take: sizeBytes };
}

function* skip(sizeBytes: number): Walk {
  if (sizeBytes > 0) yield { skip: sizeBytes };
}

/** A colour table, where the flags say that one follows. */
const tableSizeBytes = (flags: number): number => (flags & 0x80 ? 3 * (2 << (flags & 7)) : 0);

function* skipSubBlocks(): Walk {
  for (;;) {
    const sizeBytes = (yield* take(1)).readUInt8();
    if (sizeBytes === 0) return;
    yield* skip(sizeBytes);
  }
}

function* walkGif(onFrame: OnFrame): Walk {
  yield* skip(tableSizeBytes((yield* take(13)).readUInt8(10)));
  for (;;) {
    const block = (yield* take(1)).readUInt8();
    if (block === 0x2c) {
      const frame = yield* take(9);
      // A frame may reach out of the picture; decoders then make the picture larger.
      onFrame({
        width: frame.readUInt16LE(0) + frame.readUInt16LE(4),
        height: frame.readUInt16LE(2) + frame.readUInt16LE(6),
      });
      yield* skip(tableSizeBytes(frame.readUInt8(8)) + 1);
    } else if (block === 0x21) yield* skip(1);
    else if (block === 0x3b) return;
    // No block at all. Pillow, which decodes on the GPU's machine, goes past such bytes, and so must whoever counts for it.
    else continue;
    yield* skipSubBlocks();
  }
}

function* walkWebp(onFrame: OnFrame): Walk {
  yield* skip(12);
  for (;;) {
    const chunk = yield* take(8);
    if (chunk.toString("latin1", 0, 4) === "ANMF") onFrame();
    const sizeBytes = chunk.readUInt32LE(4);
    yield* skip(sizeBytes + (sizeBytes % 2));
  }
}

/** An `fcTL` for each frame of an animation; none in a still picture. */
export function* walkPng(onFrame: OnFrame): Walk {
  yield* skip(8);
  for (;;) {
    const chunk = yield* take(8);
    const name = chunk.toString("latin1", 4, 8);
    if (name === "IEND") return;
    if (name === "fcTL") onFrame();
    yield* skip(chunk.readUInt32BE(0) + 4);
  }
}

/** The formats that hold more than one frame, and how their frames are found. */
export const frameWalks: Readonly<Record<string, (onFrame: OnFrame) => Walk>> = {
  "image/gif": walkGif,
  "image/webp": walkWebp,
  "image/png": walkPng,
  "image/apng": walkPng,
};

/** Carries a walk along a stream, piece by piece: what it looks at is a few bytes, whatever the size of the file. */
export function createWalker(walk: Walk): { push(chunk: Uint8Array): void } {
  let ask = walk.next();
  let skippedBytes = 0;
  let taken: Buffer = Buffer.alloc(0);
  return {
    push(chunk) {
      let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      while (!ask.done && rest.length > 0) {
        const isTaken = "take" in ask.value;
        const wanted = "take" in ask.value ? ask.value.take - taken.length : ask.value.skip - skippedBytes;
        const piece = rest.subarray(0, wanted);
        rest = rest.subarray(piece.length);
        if (isTaken) taken = taken.length === 0 ? piece : Buffer.concat([taken, piece]);
        else skippedBytes += piece.length;
        if (piece.length < wanted) return;
        ask = walk.next(taken);
        taken = Buffer.alloc(0);
        skippedBytes = 0;
      }
    },
  };
}
