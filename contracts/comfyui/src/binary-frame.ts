import * as z from "zod";

/** A binary frame starts with its kind, an unsigned 32-bit integer, big-endian like all integers of a frame. */
export const frameKinds = {
  /** `kind, image format, image`: a picture of work in progress, without a word about whose. */
  preview: 1,
  /** `kind, length, node id, text`: progress text of a node, UTF-8. */
  text: 3,
  /** `kind, length, JSON metadata, image`: only for clients that sent the feature flag. */
  previewWithMetadata: 4,
} as const;

/** The image format of a plain preview. */
export const previewFormats = { jpeg: 1, png: 2 } as const;

/** Bytes of one integer of a frame. */
export const FRAME_INTEGER_BYTES = 4;

export const previewMetadata = z.looseObject({
  node_id: z.string(),
  prompt_id: z.string(),
  display_node_id: z.string().nullish(),
  parent_node_id: z.string().nullish(),
  real_node_id: z.string().nullish(),
  image_type: z.string(),
});
export type PreviewMetadata = z.infer<typeof previewMetadata>;
