import { setTimeout as sleep } from "node:timers/promises";
import type { OpenWork, Witness } from "../database/witness.ts";

const LOOK_EVERY_MS = 500;
const HASTEN_AFTER_MS = 10_000;

/**
 * Waits until every job has ended and every callback is delivered.
 * @returns what is still open when `timeoutMs` have passed; undefined when nothing is
 * @throws the reason of `signal`: a run that was stopped proves nothing
 */
export async function waitForQuiet(
  witness: Witness,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<OpenWork | undefined> {
  const startedMs = performance.now();
  const elapsedMs = () => performance.now() - startedMs;
  let open: OpenWork | undefined;
  while (elapsedMs() < options.timeoutMs) {
    options.signal.throwIfAborted();
    open = await witness.countOpen();
    if (open?.jobs === 0 && open.deliveries === 0) return undefined;
    if (elapsedMs() > HASTEN_AFTER_MS) await witness.hastenDeliveries().catch(() => undefined);
    await sleep(LOOK_EVERY_MS);
  }
  return open ?? { jobs: "an unknown number of", deliveries: "an unknown number of" };
}
