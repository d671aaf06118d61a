import { FRAME_INTEGER_BYTES, frameKinds, previewFormats, previewMetadata } from "@comfy/comfyui-contract";

/** What a binary frame shows. A plain preview names neither prompt nor node. */
export type Frame =
  | {
      readonly type: "preview";
      readonly mediaType: string;
      readonly bytes: Uint8Array;
      readonly promptId?: string;
      readonly node?: string;
    }
  | { readonly type: "text"; readonly node: string; readonly text: string };

const mediaTypes = new Map<number, string>([
  [previewFormats.jpeg, "image/jpeg"],
  [previewFormats.png, "image/png"],
]);

// What a browser may be shown as an image; metadata is only a stranger's word.
const isImageType = (text: string): boolean => /^image\/(jpeg|png|webp|gif)$/.test(text);

function parsePlainPreview(body: Buffer): Frame | undefined {
  const mediaType = mediaTypes.get(body.readUInt32BE(0));
  const bytes = body.subarray(FRAME_INTEGER_BYTES);
  // VHS sends frames of its own layout under the same kind: those do not start like an image.
  const isImage = (bytes[0] === 0xff && bytes[1] === 0xd8) || (bytes[0] === 0x89 && bytes[1] === 0x50);
  return mediaType && isImage ? { type: "preview", mediaType, bytes } : undefined;
}

/** Splits `length, head, rest`; undefined when the length is a lie. */
function splitHead(body: Buffer): { head: string; rest: Buffer } | undefined {
  const start = FRAME_INTEGER_BYTES;
  const end = start + body.readUInt32BE(0);
  if (end > body.length) return undefined;
  return { head: body.toString("utf8", start, end), rest: body.subarray(end) };
}

function parsePreviewWithMetadata(body: Buffer): Frame | undefined {
  const split = splitHead(body);
  if (!split) return undefined;
  const metadata = previewMetadata.safeParse(JSON.parse(split.head));
  if (!metadata.success || !isImageType(metadata.data.image_type)) return undefined;
  const { prompt_id, display_node_id, node_id, image_type } = metadata.data;
  return {
    type: "preview",
    mediaType: image_type,
    bytes: split.rest,
    promptId: prompt_id,
    node: display_node_id ?? node_id,
  };
}

/** A binary frame; undefined for one that is unknown or malformed, which is no reason to stop listening. */
export function parseFrame(data: Buffer): Frame | undefined {
  if (data.length < 2 * FRAME_INTEGER_BYTES) return undefined;
  const body = data.subarray(FRAME_INTEGER_BYTES);
  try {
    switch (data.readUInt32BE(0)) {
      case frameKinds.preview:
        return parsePlainPreview(body);
      case frameKinds.previewWithMetadata:
        return parsePreviewWithMetadata(body);
      case frameKinds.text: {
        const split = splitHead(body);
        return split && { type: "text", node: split.head, text: split.rest.toString("utf8") };
      }
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}
