import * as z from "zod";
import { isId } from "../../ids.ts";
import type { Work } from "../../jobs/knocks.ts";

const work = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("job"),
    jobId: z.string().refine(isId),
    attempt: z.int().nonnegative(),
    epoch: z.int().nonnegative(),
  }),
  z.object({ type: z.literal("delivery") }),
]);

/** Deliveries have no id of their own; this many knocks for them lie in a queue that nobody listens to, and no more. */
const DELIVERY_KNOCKS = 8;

/**
 * A knock as BullMQ takes it. The same work is knocked for once while it lies there; BullMQ allows no `:` in an id. `count` tells
 * knocks for deliveries apart: one that is being heard this moment may have looked too early.
 */
export function toKnock(
  given: Work,
  count: number,
): { readonly id: string; readonly name: string; readonly data: Work } {
  if (given.type === "job") {
    return { id: `${given.jobId}-${given.attempt}-${given.epoch}`, name: "generation.run", data: given };
  }
  return { id: `delivery-${count % DELIVERY_KNOCKS}`, name: "webhook.deliver", data: given };
}

/** What somebody else may have put there is no work. */
export function parseKnock(data: unknown): Work | undefined {
  return work.safeParse(data).data;
}
