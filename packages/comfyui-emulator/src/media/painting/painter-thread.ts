import { parentPort } from "node:worker_threads";
import { type PaintingWish, paintPicture } from "./simulated-image.ts";

// The entry of a worker thread: it exists to run, so it acts on import. Loaded as a plain module it does nothing.
parentPort?.on("message", ({ id, wish }: { id: number; wish: PaintingWish }) => {
  try {
    const { data } = paintPicture(wish);
    const { buffer } = data;
    // A canvas lies in memory of its own, which is handed over instead of copied.
    parentPort?.postMessage({ id, data }, buffer instanceof ArrayBuffer ? [buffer] : []);
  } catch (error) {
    parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
