/**
 * A picture written anew without what its camera and its editor wrote into it: where it was made, with what, and when. How it looks
 * stays, the way up included. Implemented by `adapters/sharp`. The result begins once all of `body` was read and has ended well.
 * @throws AppError `unsupported_media_type` for anything but JPEG, PNG and WebP, `image_too_large`, `media_unusable`,
 *   `payload_too_large`, `unavailable` when too many wait for it; what `body` throws
 */
export type StripLocation = (
  body: AsyncIterable<Uint8Array>,
  options: { readonly sizeBytesMax: number; readonly signal: AbortSignal },
) => AsyncIterable<Uint8Array>;
