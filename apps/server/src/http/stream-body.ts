import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError } from "../errors.ts";
import { readDeclaredSize, tooLarge } from "./body.ts";

export interface StreamBodyOptions {
  readonly sizeBytesMax: number;
  /** Shown every piece on its way. */
  readonly onChunk?: (chunk: Uint8Array) => void;
  /** A sender that is silent for so long is cut off; what takes the pieces may take its time. */
  readonly silenceMs?: number;
}

/** Longer than a phone in a tunnel, shorter than anybody watches a bar that stands still. */
const SILENCE_MS = 30_000;

/** A wait that fails after a while. The timer lives as long as the wait. */
async function withinSilence<T>(work: Promise<T>, silenceMs: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new AppError("request_timeout", `The body was silent for ${silenceMs / 1000} s, so it was given up.`));
  }, silenceMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A body piece by piece, as fast as its reader takes it. A refusal of its reader leaves the connection open, so that the answer arrives;
 * a sender that falls silent is cut off after its answer, since it may be gone without a word.
 * @throws AppError `payload_too_large`, before a byte is read when the size is announced; `request_timeout`; `invalid_input` when the
 *   connection ends too early
 */
export async function* streamBody(
  req: IncomingMessage,
  res: ServerResponse,
  { sizeBytesMax, onChunk, silenceMs = SILENCE_MS }: StreamBodyOptions,
): AsyncGenerator<Uint8Array, void, void> {
  if ((readDeclaredSize(req) ?? 0) > sizeBytesMax) throw tooLarge(sizeBytesMax);
  const iterator: AsyncIterator<Uint8Array> = req.iterator({ destroyOnReturn: false });
  let sizeBytes = 0;
  let isPending = false;
  try {
    for (;;) {
      isPending = true;
      const next = await withinSilence(iterator.next(), silenceMs);
      isPending = false;
      if (next.done) return;
      sizeBytes += next.value.length;
      if (sizeBytes > sizeBytesMax) throw tooLarge(sizeBytesMax);
      onChunk?.(next.value);
      yield next.value;
    }
  } catch (error) {
    if (error instanceof AppError && error.code === "request_timeout") {
      res.setHeader("Connection", "close");
      res.once("finish", () => req.destroy());
    }
    if (error instanceof AppError) throw error;
    throw new AppError("invalid_input", "The connection was closed before the body had arrived.", { cause: error });
  } finally {
    // One that waits for a silent sender ends when that sender does.
    const ended = Promise.resolve(iterator.return?.()).catch(() => undefined);
    if (!isPending) await ended;
  }
}
