import { imageSize } from "image-size";
import type { PictureHeader } from "../../assets/picture-header.ts";

/** Sizes from headers of PNG, JPEG, WebP, GIF, AVIF, BMP and TIFF. */
export function createPictureHeader(): PictureHeader {
  return {
    read(head) {
      try {
        // In memory of its own: past the end of a short one the library would read on into what lies behind it.
        const { width, height } = imageSize(head.buffer.byteLength === head.byteLength ? head : new Uint8Array(head));
        return Number.isSafeInteger(width) && Number.isSafeInteger(height) ? { width, height } : undefined;
      } catch {
        // It throws for bytes that end too early as for those that fit no format.
        return undefined;
      }
    },
  };
}
