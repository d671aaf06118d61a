import type { IncomingMessage } from "node:http";
import { AppError } from "../errors.ts";

/** What is still read and thrown away after a refusal, so that the caller gets to read the answer instead of a reset. */
const REST_SIZE_BYTES_MAX = 32 * 1024 * 1024;

const toSize = (sizeBytes: number): string =>
  sizeBytes < 1024 * 1024 ? `${Math.ceil(sizeBytes / 1024)} kB` : `${Math.ceil(sizeBytes / 1024 / 1024)} MB`;

/** What a body past the limit is refused with. */
export function tooLarge(sizeBytesMax: number): AppError {
  return new AppError(
    "payload_too_large",
    `The body is larger than ${toSize(sizeBytesMax)}, which is the most this route takes.`,
  );
}

/** The size a request announces; undefined when it does not. */
export function readDeclaredSize(req: IncomingMessage): number | undefined {
  const size = Number(req.headers["content-length"] ?? Number.NaN);
  return Number.isSafeInteger(size) ? size : undefined;
}

/**
 * Reads a body whole. The bytes are kept as they came: signatures cover them.
 * @throws AppError `payload_too_large`, before a byte is read when the size is announced
 */
export function readBody(req: IncomingMessage, sizeBytesMax: number): Promise<Buffer> {
  if ((readDeclaredSize(req) ?? 0) > sizeBytesMax) return Promise.reject(tooLarge(sizeBytesMax));
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const onData = (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes > sizeBytesMax) reject(tooLarge(sizeBytesMax));
    else chunks.push(chunk);
  };
  const onEnd = () => resolve(Buffer.concat(chunks));
  const onClose = () => reject(new AppError("invalid_input", "The connection was closed before the body had arrived."));
  req.on("data", onData).once("end", onEnd).once("error", reject).once("close", onClose);
  return promise.finally(() => {
    req.off("data", onData).off("end", onEnd).off("close", onClose);
  });
}

/** Lets the rest of a refused body pass by, up to a limit; an endless one is cut. */
export function discardBody(req: IncomingMessage): void {
  if (req.readableEnded || req.destroyed) return;
  let sizeBytes = 0;
  req.on("data", (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes > REST_SIZE_BYTES_MAX) req.destroy();
  });
  req.on("error", () => {});
  req.resume();
}
