import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Folders, isFolderType, joinInside, splitAnnotation } from "../../files/folders.ts";
import { mediaTypeOf } from "../../files/media-types.ts";
import { decodeImage, detectImageFormat } from "../../media/decode-image.ts";
import type { Pixels } from "../../media/image.ts";
import { encodePng } from "../../media/png.ts";
import { encodeJpeg, encodeWebp } from "../../media/wasm-codecs.ts";
import { type Answer, empty } from "../answer.ts";
import { answerFile } from "../file-answer.ts";
import type { EmulatorRequest } from "../request.ts";
import type { Route } from "../router.ts";

const QUALITY_DEFAULT = 90;

export function viewRoutes(folders: Folders, isNewer: boolean): readonly Route[] {
  return [{ method: "GET", path: "/view", handle: (request) => view(folders, request, isNewer) }];
}

async function view(folders: Folders, request: EmulatorRequest, isNewer: boolean): Promise<Answer> {
  const { query } = request;
  const given = query.get("filename");
  if (given === null) return empty(404);
  const { name, type } = splitAnnotation(given, "output");
  const folderType = name === given ? (query.get("type") ?? "output") : type;
  if (name === "" || name.startsWith("/") || name.includes("..") || !isFolderType(folderType)) return empty(400);
  const folder = joinInside(folders.path(folderType), query.get("subfolder") ?? "");
  if (folder === undefined) return empty(403);
  const filename = basename(name);
  const path = join(folder, filename);
  const facts = await stat(path, { bigint: true }).catch(() => undefined);
  if (facts?.isFile() !== true) return empty(404);
  const disposition = { "Content-Disposition": `filename="${toHeaderText(filename)}"` };
  const edited = await reencode(path, query);
  if (edited !== undefined) return { ...edited, headers: { ...edited.headers, ...disposition } };
  const isSvg = filename.toLowerCase().endsWith(".svg");
  const headers = {
    "Content-Type": mediaTypeOf(filename),
    ...disposition,
    ...(isNewer ? { "X-Content-Type-Options": "nosniff" } : {}),
    ...(isNewer && isSvg ? { "Content-Disposition": `attachment; filename="${toHeaderText(filename)}"` } : {}),
  };
  return answerFile(request.raw, { facts, headers, open: (range) => createReadStream(path, range) });
}

/** Another encoding, when one is asked for. A file that is no picture makes the decoder fail, which is a 500. */
async function reencode(path: string, query: URLSearchParams): Promise<Answer | undefined> {
  const preview = query.get("preview");
  const channel = query.get("channel");
  if (preview !== null) return encodePreview(await readPixels(path), preview, channel ?? "");
  if (channel !== "rgb" && channel !== "a") return undefined;
  const pixels = await readPixels(path);
  const body = await encodePng(channel === "rgb" ? withoutAlpha(pixels) : alphaOnly(pixels));
  return { status: 200, headers: { "Content-Type": "image/png" }, body };
}

async function readPixels(path: string): Promise<Pixels> {
  const bytes = await readFile(path);
  if (detectImageFormat(bytes) === undefined) throw new Error(`${basename(path)} is not an image`);
  return decodeImage(bytes);
}

/** `format;quality`; with an alpha channel wanted only WebP will do. */
async function encodePreview(pixels: Pixels, preview: string, channel: string): Promise<Answer> {
  const parts = preview.split(";");
  const last = parts.at(-1) ?? "";
  const quality = Math.min(100, /^\d+$/.test(last) ? Number(last) : QUALITY_DEFAULT);
  const isJpeg = parts[0] === "jpeg" && !channel.includes("a");
  const body = await (isJpeg ? encodeJpeg(withoutAlpha(pixels), quality) : encodeWebp(pixels, quality));
  return { status: 200, headers: { "Content-Type": isJpeg ? "image/jpeg" : "image/webp" }, body };
}

function withoutAlpha(pixels: Pixels): Pixels {
  if (pixels.channels === 3) return pixels;
  const { width, height } = pixels;
  const data = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    data.set(pixels.data.subarray(pixel * 4, pixel * 4 + 3), pixel * 3);
  }
  return { width, height, channels: 3, data };
}

/** Black, with the alpha of the picture; without one all of it is opaque. */
function alphaOnly(pixels: Pixels): Pixels {
  const { width, height, channels } = pixels;
  const data = new Uint8Array(width * height * 4);
  for (let pixel = 0; pixel < width * height; pixel++) {
    data[pixel * 4 + 3] = channels === 4 ? (pixels.data[pixel * 4 + 3] ?? 0) : 255;
  }
  return { width, height, channels: 4, data };
}

/** Headers are Latin-1 on this side; aiohttp writes UTF-8 bytes. */
function toHeaderText(filename: string): string {
  return Buffer.from(filename.replace(/[\r\n"]/g, "_"), "utf8").toString("latin1");
}
