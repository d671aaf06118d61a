import { createSealer } from "../src/access/sealer.ts";

/** A sealer with a master key of its own. */
export const testSealer = createSealer([{ id: "test", key: Buffer.alloc(32, 7) }]);
