import type { DeliverWebhooks } from "../jobs/deliver-webhooks.ts";
import type { Outbox } from "../jobs/outbox.ts";
import type { LifecyclePart } from "../lifecycle.ts";
import type { Log } from "../log.ts";
import { createLoop } from "./loop.ts";

const LOOK_EVERY_MS = 2_000;
/** Deliveries under way at once: room for many receivers, since each holds only a few of them. */
const AT_ONCE = 40;

export interface CourierDeps {
  readonly deliver: DeliverWebhooks;
  readonly outbox: Pick<Outbox, "releaseAll">;
  readonly log: Log;
  /** True when this process is the only one: then what is under way at the start was left by the dead. */
  readonly isAlone: boolean;
}

export interface Courier extends LifecyclePart {
  /** A delivery may be due. */
  knock(): void;
}

/** Delivers webhooks apart from the jobs. What is under way when it stops is given back and sent again by the next one. */
export function createCourier({ deliver, outbox, log, isAlone }: CourierDeps): Courier {
  const underWay = new Set<Promise<void>>();
  const stopping = new AbortController();

  async function run(): Promise<boolean> {
    const room = AT_ONCE - underWay.size;
    if (room === 0) return false;
    const sendings = await deliver(room, stopping.signal);
    for (const sending of sendings) track(sending);
    return sendings.length === room;
  }

  function track(sending: Promise<void>): void {
    const watched = sending
      .catch((error: unknown) => log.error({ error }, "What became of a delivery could not be written down."))
      .finally(() => {
        underWay.delete(watched);
        // Its target has room for the next one.
        loop.knock();
      });
    underWay.add(watched);
  }

  const loop = createLoop({ name: "delivery", everyMs: LOOK_EVERY_MS, log, run });
  return {
    name: "courier",
    knock: loop.knock,
    async start() {
      if (isAlone) await outbox.releaseAll();
      loop.start();
    },
    /** Takes no more, and waits for the answers to what was sent. */
    async drain(signal) {
      await loop.stop();
      const { promise: isTimeUp, resolve } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => resolve(), { once: true });
      await Promise.race([Promise.all(underWay), isTimeUp]);
    },
    async stop() {
      stopping.abort(new Error("The courier is stopping."));
      await loop.stop();
      await Promise.all(underWay);
    },
  };
}
