import { crc32, deflateSync } from "node:zlib";
import type { Operation } from "../document/operations.ts";
import { resolve } from "../document/schema.ts";
import type { Intent } from "./request.ts";
import { type DrawDeps, drawValue, drawWord } from "./value.ts";

export interface CraftedBody {
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  readonly value?: unknown;
}

/** A body that is not JSON: a form with a file, or the bytes themselves. */
export function craftBody(body: NonNullable<Operation["body"]>, intent: Intent, deps: DrawDeps): CraftedBody {
  const file = intent === "garbage" ? Buffer.from(drawWord(deps.random, 64)) : drawPicture(deps);
  if (body.mediaType !== "multipart/form-data") return { bytes: file, headers: { "content-type": body.mediaType } };
  const boundary = `----fuzz${drawWord(deps.random, 16)}`;
  const properties = Object.entries(resolve(deps.document, body.schema).properties ?? {});
  const parts = properties.flatMap(([name, schema]) => {
    if (schema.format === "binary") return [toFilePart(boundary, name, file, intent, deps)];
    const isWanted = intent === "valid" ? deps.random.chance(0.3) : deps.random.chance(0.6);
    return isWanted ? [toFieldPart(boundary, name, String(drawValue(schema, deps, name)))] : [];
  });
  const end = intent === "garbage" && deps.random.chance(0.5) ? "" : `--${boundary}--\r\n`;
  return {
    bytes: Buffer.concat([...parts, Buffer.from(end)]),
    headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
  };
}

function toFilePart(boundary: string, name: string, file: Uint8Array, intent: Intent, { random }: DrawDeps): Buffer {
  const filename =
    intent === "valid" ? "picture.png" : random.pick(["../../x.png", "a\u0000.png", "", "c:\\x", "é.svg"]);
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: image/png\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), file, Buffer.from("\r\n")]);
}

function toFieldPart(boundary: string, name: string, value: string): Buffer {
  return Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
}

function toChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(data.length);
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(crc32(body));
  return Buffer.concat([head, body, tail]);
}

/** A true PNG of one colour, each time another one. */
function drawPicture({ random }: DrawDeps): Buffer {
  const side = random.integer(1, 16);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const colour = [random.integer(0, 255), random.integer(0, 255), random.integer(0, 255)];
  const row = [0, ...Array.from({ length: side }, () => colour).flat()];
  const pixels = deflateSync(Buffer.from(Array.from({ length: side }, () => row).flat()));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, toChunk("IHDR", head), toChunk("IDAT", pixels), toChunk("IEND", Buffer.alloc(0))]);
}
