import * as z from "zod";

/** The three places a server keeps files in. Newer servers and packs may name others. */
export const filePlaces = ["input", "output", "temp"] as const;
export type FilePlace = (typeof filePlaces)[number];

/**
 * A file as outputs name it. Fetch it with `GET /view?filename&subfolder&type`. Packs add keys (`format`, `frame_rate`, `fullpath`);
 * they are kept. An absent `subfolder` is the top folder, an absent `type` is `output`.
 */
export const fileReference = z.looseObject({
  filename: z.string().min(1),
  subfolder: z.string().default(""),
  type: z.string().default("output"),
});
export type FileReference = z.infer<typeof fileReference>;

/** What a node shows: lists by key (`images`, `gifs`, `audio`, `text`, `animated`...). Items are file references, text or anything else. */
export const nodeOutput = z.record(z.string(), z.unknown());
export type NodeOutput = z.infer<typeof nodeOutput>;

/** What a whole prompt shows, by node id. A cached node may report null. */
export const outputs = z.record(z.string(), nodeOutput.nullable());
export type Outputs = z.infer<typeof outputs>;

/** The answer of `POST /upload/image`. The name may differ from the one sent: `a.png` becomes `a (1).png` when taken. */
export const uploadedFile = z.looseObject({
  name: z.string().min(1),
  subfolder: z.string().default(""),
  type: z.string().default("input"),
});
export type UploadedFile = z.infer<typeof uploadedFile>;
