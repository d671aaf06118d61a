import * as z from "zod";

const count = z.coerce.number().int().positive();

/** What may come in. */
export const uploads = {
  MAX_UPLOAD_SIZE: count.default(100 * 1024 * 1024),
  /**
   * 64 megapixels: more than the 50 of today's phones, and 16 times the largest picture a workflow here works on. Decoded it takes
   * 256 MB with four bytes a pixel, and 768 MB as the floating-point numbers that ComfyUI makes of it.
   */
  MAX_IMAGE_PIXELS: count.default(64_000_000),
};
