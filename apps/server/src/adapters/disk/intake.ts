import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { AppError } from "../../errors.ts";

/** Each write is a trip to another thread: chunks of a socket, 64 kB each, are gathered to this much. */
const WRITE_SIZE_BYTES = 512 * 1024;

/** The hash of more than this keeps the thread from everybody else for longer than a millisecond. */
const HASH_SIZE_BYTES = 1024 * 1024;

/** What is written in one go. */
export interface Part {
  readonly chunks: readonly Uint8Array[];
  readonly isLast: boolean;
}

/** A stream on its way into a file. */
export interface Intake {
  /** @throws AppError `payload_too_large` */
  gather(): Promise<Part>;
  /** Every part once, in order. */
  hash(chunks: readonly Uint8Array[]): Promise<void>;
  /** What all parts together are. */
  finish(): { readonly sha256: string; readonly sizeBytes: number };
  /** Ends the source, if it has not ended. */
  close(): Promise<void>;
}

export function createIntake(body: AsyncIterable<Uint8Array>, sizeBytesMax: number): Intake {
  const iterator = body[Symbol.asyncIterator]();
  const digest = createHash("sha256");
  let sizeBytes = 0;
  return {
    async gather() {
      const chunks: Uint8Array[] = [];
      // A file that comes as one piece is known to be whole only when nothing follows, whatever its size.
      for (let gatheredBytes = 0; gatheredBytes < WRITE_SIZE_BYTES || chunks.length === 1; ) {
        const next = await iterator.next();
        if (next.done) return { chunks, isLast: true };
        gatheredBytes += next.value.length;
        sizeBytes += next.value.length;
        if (sizeBytes > sizeBytesMax) {
          throw new AppError("payload_too_large", `The file is too large: expected at most ${sizeBytesMax} bytes.`);
        }
        chunks.push(next.value);
      }
      return { chunks, isLast: false };
    },

    async hash(chunks) {
      for (const chunk of chunks) {
        for (let at = 0; at < chunk.length; at += HASH_SIZE_BYTES) {
          if (at > 0) await setImmediate();
          digest.update(chunk.length > HASH_SIZE_BYTES ? chunk.subarray(at, at + HASH_SIZE_BYTES) : chunk);
        }
      }
    },

    finish: () => ({ sha256: digest.digest("hex"), sizeBytes }),

    async close() {
      await iterator.return?.();
    },
  };
}
