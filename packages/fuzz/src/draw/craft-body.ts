import { createHash } from "node:crypto";
import type { Operation } from "../document/operations.ts";
import { resolve } from "../document/schema.ts";
import type { Random } from "../random.ts";
import type { Intent } from "./intent.ts";
import { drawPicture, drawSound, plainPicture } from "./media.ts";
import { type DrawDeps, drawValue, drawWord } from "./value.ts";

export interface CraftedBody {
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  readonly value?: unknown;
}

/** A body that is not JSON: a form with a file, or the bytes themselves. */
export function craftBody(body: NonNullable<Operation["body"]>, intent: Intent, deps: DrawDeps): CraftedBody {
  if (body.mediaType !== "multipart/form-data") return craftBytes(body.mediaType, intent, deps);
  const file = intent === "garbage" ? Buffer.from(drawWord(deps.random, 64)) : drawFile(deps.random);
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

const drawFile = (random: Random): Buffer => (random.chance(0.3) ? drawSound(random) : drawPicture(random));

/** What was announced as a file of this size, with its digest. */
function craftBytes(mediaType: string, intent: Intent, { random }: DrawDeps): CraftedBody {
  const bytes = intent === "valid" ? plainPicture : Buffer.from(drawWord(random, random.integer(0, 64)));
  const digest = createHash("sha256").update(bytes).digest("hex");
  return { bytes, headers: { "content-type": mediaType, "x-content-sha256": digest } };
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
