import { readFile } from "node:fs/promises";
import { type Folders, isFolderType, joinInside } from "../../files/folders.ts";
import { storeUpload, type Transform } from "../../files/uploads.ts";
import { decodeImage } from "../../media/decode-image.ts";
import type { Pixels } from "../../media/image.ts";
import { encodePng } from "../../media/png.ts";
import { parsePythonJson } from "../../python/parse-json.ts";
import { isPythonObject } from "../../python/values.ts";
import { type Answer, AnswerError, empty, json, trouble } from "../answer.ts";
import { type Form, readForm } from "../multipart.ts";
import type { Route } from "../router.ts";

export function uploadRoutes(folders: Folders): readonly Route[] {
  return [
    { method: "POST", path: "/upload/image", handle: async (request) => upload(folders, await readForm(request)) },
    {
      method: "POST",
      path: "/upload/mask",
      handle: async (request) => {
        const form = await readForm(request);
        return upload(folders, form, form && createMaskMerge(folders, form));
      },
    },
  ];
}

async function upload(folders: Folders, form: Form | undefined, transform?: Transform): Promise<Answer> {
  if (form?.fields.has("image") === true) throw new AnswerError(trouble());
  const image = form?.files.get("image");
  // Bytes without a name are taken for text, as which they cannot be read.
  if (image?.filename === "" && image.bytes.length > 0) throw new AnswerError(trouble());
  if (form === undefined || image === undefined || image.filename === "") return empty(400);
  const type = form.fields.get("type") ?? "input";
  if (!isFolderType(type)) throw new AnswerError(trouble());
  const subfolder = form.fields.get("subfolder") ?? "";
  const overwrites = ["true", "1"].includes(form.fields.get("overwrite") ?? "");
  const wanted = { filename: image.filename, subfolder, type, overwrites, bytes: image.bytes };
  const stored = await storeUpload(folders, wanted, transform);
  return stored === undefined ? empty(400) : json({ name: stored.name, subfolder, type });
}

/** The alpha of the upload, laid over the picture that it belongs to. */
function createMaskMerge(folders: Folders, form: Form): Transform {
  const reference = parsePythonJson(form.fields.get("original_ref") ?? "");
  if (!isPythonObject(reference)) throw new AnswerError(trouble());
  const type = String(reference.type ?? "output");
  const folder = isFolderType(type) ? joinInside(folders.path(type), String(reference.subfolder ?? "")) : undefined;
  const path = folder && joinInside(folder, String(reference.filename ?? ""));
  return async (bytes) => {
    const original = path === undefined ? undefined : await readFile(path).catch(() => undefined);
    // A picture that is not there is no error: nothing is written.
    if (original === undefined) return undefined;
    return encodePng(withAlphaOf(await decodeImage(original), await decodeImage(bytes)));
  };
}

function withAlphaOf(picture: Pixels, mask: Pixels): Pixels {
  const { width, height } = picture;
  const data = new Uint8Array(width * height * 4);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      data[pixel * 4 + channel] = picture.data[pixel * picture.channels + channel] ?? 0;
    }
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const isInside = x < mask.width && y < mask.height && mask.channels === 4;
    data[pixel * 4 + 3] = isInside ? (mask.data[(y * mask.width + x) * 4 + 3] ?? 0) : 255;
  }
  return { width, height, channels: 4, data };
}
