import { createLazyImages, type ImageBatch, withChannels } from "../media/image.ts";
import { cropImages } from "../media/resize.ts";

/** The pictures without their last odd row or column: yuv420p halves both sides. Frames stay lazy. */
export function evenSides(images: ImageBatch): ImageBatch {
  const size = { width: images.width & ~1, height: images.height & ~1, channels: 3 };
  if (size.width === images.width && size.height === images.height && images.channels >= 3) return images;
  return createLazyImages(size, images.count, (index) => {
    const one = withChannels(
      createLazyImages(images, 1, () => images.at(index)),
      3,
    );
    return cropImages(one, 0, 0, size.width, size.height).at(0);
  });
}
