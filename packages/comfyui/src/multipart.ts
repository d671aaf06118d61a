/** A multipart/form-data body written around a stream, so that a file of any size passes in constant memory. */
export interface Multipart {
  readonly contentType: string;
  /** Bytes of the whole body, when the size of the file is known. */
  readonly sizeBytes?: number;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface MultipartFile {
  readonly field: string;
  readonly filename: string;
  readonly body: AsyncIterable<Uint8Array> | Uint8Array;
  readonly sizeBytes?: number;
}

const encode = (text: string): Buffer => Buffer.from(text, "utf8");

/** Names go into a header as they are: the caller has made sure that they hold no quote, backslash or control character. */
export function toMultipart(fields: Readonly<Record<string, string>>, file: MultipartFile): Multipart {
  const boundary = `comfy-${crypto.randomUUID()}`;
  const head = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const fileHead =
    `--${boundary}\r\nContent-Disposition: form-data; name="${file.field}"; filename="${file.filename}"\r\n` +
    "Content-Type: application/octet-stream\r\n\r\n";
  const before = encode(head.join("") + fileHead);
  const after = encode(`\r\n--${boundary}--\r\n`);
  const fileBytes = file.body instanceof Uint8Array ? file.body.length : file.sizeBytes;

  async function* body(): AsyncGenerator<Uint8Array> {
    yield before;
    if (file.body instanceof Uint8Array) yield file.body;
    else yield* file.body;
    yield after;
  }

  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: body(),
    ...(fileBytes === undefined ? {} : { sizeBytes: before.length + fileBytes + after.length }),
  };
}
