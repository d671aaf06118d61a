import * as z from "zod";
import { v1Asset } from "./asset-schemas.ts";

/** Bytes of a part; the last one may be smaller. */
export const uploadPartSizeBytes = 8 * 1024 * 1024;

const digest = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 lowercase hexadecimal characters");
const name = z.string().min(1).max(255).describe("What the file is called. Its type is read from its content.");
const stripLocation = z
  .boolean()
  .optional()
  .describe(
    "`true` takes out of a JPEG, PNG or WebP where and with what it was made (EXIF, XMP, comments). It is written anew, turned the way it is looked at.",
  );

export const uploadCreate = z
  .strictObject({
    name,
    sizeBytes: z.int().min(1).max(Number.MAX_SAFE_INTEGER).describe("Of the whole file."),
    type: z
      .string()
      .max(100)
      .optional()
      .describe("The media type that the content must turn out to have, e.g. `image/png`."),
    sha256: digest.optional().describe("SHA-256 that the whole file must turn out to have, lowercase hex."),
    stripLocation,
  })
  .meta({ id: "UploadCreate", examples: [{ name: "face.png", sizeBytes: 1024, type: "image/png" }] });
export type UploadCreate = z.infer<typeof uploadCreate>;

export const uploadFetch = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .max(2048)
      .describe("An https address. It is read once, now."),
    name: name.optional(),
    stripLocation,
  })
  .meta({ id: "UploadFetch", examples: [{ url: "https://example.com/face.png" }] });
export type UploadFetch = z.infer<typeof uploadFetch>;

const uploadPart = z
  .object({
    n: z.number().describe("1 is the first."),
    sizeBytes: z.number().describe("Exactly what it must have."),
    isReceived: z.boolean(),
    sha256: z.string().optional().describe("Of what has arrived, lowercase hex."),
    url: z
      .string()
      .optional()
      .describe("Where to PUT it, with its SHA-256 in `X-Content-SHA256`; no key is needed. Absent once completed."),
  })
  .meta({ id: "UploadPart" });

export const v1Upload = z
  .object({
    id: z.string(),
    status: z.enum(["open", "completed"]),
    name: z.string(),
    sizeBytes: z.number(),
    partSizeBytes: z.number().describe("Of every part but the last."),
    receivedBytes: z.number(),
    parts: z.array(uploadPart).describe("In order."),
    expiresAt: z.string().describe("What is not completed by then is thrown away. ISO 8601, UTC."),
    asset: v1Asset.optional().describe("What it became, once completed."),
  })
  .meta({ id: "V1Upload" });
export type V1Upload = z.infer<typeof v1Upload>;

export const receivedPart = z
  .object({ n: z.number(), sizeBytes: z.number(), sha256: z.string().describe("Of what has arrived, lowercase hex.") })
  .meta({ id: "ReceivedPart" });

export const partDigest = digest.describe("SHA-256 of the part, lowercase hex.");
