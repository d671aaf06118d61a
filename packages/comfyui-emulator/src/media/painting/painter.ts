import { Worker } from "node:worker_threads";
import type { PaintingWish } from "./simulated-image.ts";

/** Paints beside the event loop: a megapixel takes up to two seconds, and HTTP must go on answering meanwhile. */
export interface Painter {
  /** RGB floats of one picture, without a banner. */
  paint(wish: PaintingWish): Promise<Float32Array>;
  close(): Promise<void>;
}

interface Answer {
  readonly id: number;
  readonly data?: Float32Array;
  readonly error?: string;
}

/** Starts its thread with the first wish. */
export function createPainter(): Painter {
  const waiting = new Map<number, PromiseWithResolvers<Float32Array>>();
  let thread: Worker | undefined;
  let lastId = 0;

  function start(): Worker {
    const worker = new Worker(new URL("./painter-thread.ts", import.meta.url));
    worker.unref();
    worker.on("message", ({ id, data, error }: Answer) => {
      const wish = waiting.get(id);
      waiting.delete(id);
      if (data === undefined) wish?.reject(new Error(error ?? "the painter returned nothing"));
      else wish?.resolve(data);
    });
    worker.on("error", (error) => rejectAll(error instanceof Error ? error : new Error(String(error))));
    return worker;
  }

  function rejectAll(error: Error): void {
    thread = undefined;
    for (const wish of waiting.values()) wish.reject(error);
    waiting.clear();
  }

  return {
    paint(wish) {
      thread ??= start();
      const id = ++lastId;
      const answer = Promise.withResolvers<Float32Array>();
      waiting.set(id, answer);
      thread.postMessage({ id, wish });
      return answer.promise;
    },
    async close() {
      const worker = thread;
      rejectAll(new Error("the painter was closed"));
      await worker?.terminate();
    },
  };
}
