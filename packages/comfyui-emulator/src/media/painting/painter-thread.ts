import { parentPort } from "node:worker_threads";
import { type PaintingWish, paintPicture } from "./simulated-image.ts";

// The entry of a worker thread: it exists to run, so it acts on import. Loaded as a plain module it does nothing.
parentPort?.on("message", ({ id, wish }: { id: number; wish: PaintingWish }) => {
  try {
    const { data } = paintPicture(wish);
    parentPort?.postMessage({ id, data }, [data.buffer as ArrayBuffer]);
  } catch (error) {
    parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
