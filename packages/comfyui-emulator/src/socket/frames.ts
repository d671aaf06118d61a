import type { PreviewSource } from "../execution/announcer.ts";
import type { Preview } from "../node.ts";
import { toPythonJson } from "../python/print-json.ts";

const PREVIEW_IMAGE = 1;
const TEXT = 3;
const PREVIEW_IMAGE_WITH_METADATA = 4;

export function textFrame(type: string, data: unknown): string {
  return toPythonJson({ type, data });
}

/** The older preview: event, image format (1 JPEG, 2 PNG), picture. */
export function previewFrame({ mediaType, bytes }: Preview): Uint8Array {
  return Buffer.concat([uint32s(PREVIEW_IMAGE, mediaType === "image/png" ? 2 : 1), bytes]);
}

/** The newer preview: event, length of the JSON, JSON, picture. */
export function previewWithMetadataFrame(source: PreviewSource, { mediaType, bytes }: Preview): Uint8Array {
  const metadata = Buffer.from(
    toPythonJson({
      node_id: source.nodeId,
      prompt_id: source.promptId,
      display_node_id: source.displayNodeId,
      parent_node_id: source.parentNodeId,
      real_node_id: source.realNodeId,
      image_type: mediaType,
    }),
  );
  return Buffer.concat([uint32s(PREVIEW_IMAGE_WITH_METADATA, metadata.length), metadata, bytes]);
}

/** A text about a node: event, length of the id, id, text. */
export function nodeTextFrame(nodeId: string, message: string): Uint8Array {
  const id = Buffer.from(nodeId);
  return Buffer.concat([uint32s(TEXT, id.length), id, Buffer.from(message)]);
}

function uint32s(...values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value, index * 4);
  });
  return bytes;
}
