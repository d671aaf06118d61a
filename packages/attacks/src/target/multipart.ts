const BOUNDARY = "----attack-boundary-7d1f0c";

/** A form with one file, its name as it is. */
export function toMultipart(bytes: Uint8Array, name: string): { readonly body: Buffer; readonly type: string } {
  return toForm([
    `Content-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: image/png\r\n\r\n`,
    bytes,
  ]);
}

/** A form of parts: the head of each, up to and with its empty line, and its content. */
export function toForm(...parts: readonly (readonly [head: string, content: Uint8Array | string])[]): {
  readonly body: Buffer;
  readonly type: string;
} {
  const pieces = parts.flatMap(([head, content]) => [
    Buffer.from(`--${BOUNDARY}\r\n${head}`),
    Buffer.from(content),
    Buffer.from("\r\n"),
  ]);
  const body = Buffer.concat([...pieces, Buffer.from(`--${BOUNDARY}--\r\n`)]);
  return { body, type: `multipart/form-data; boundary=${BOUNDARY}` };
}

/** One red pixel. */
export const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==",
  "base64",
);
