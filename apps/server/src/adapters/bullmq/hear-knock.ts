import { DelayedError } from "bullmq";
import type { Work } from "../../jobs/knocks.ts";
import type { Log } from "../../log.ts";
import { createAlarm } from "./alarm.ts";
import { parseKnock } from "./knock-data.ts";
import type { Hear } from "./queue-driver.ts";

/** A knock that nobody here knows is left in the queue: whom it is meant for may still come. */
const UNKNOWN_AGAIN_MS = 60_000;

export interface HearKnockDeps {
  readonly handlers: ReadonlySet<(work: Work) => void>;
  readonly isKnown: (jobId: string) => Promise<boolean>;
  readonly log: Log;
}

/** Passes a knock on and is done with it: whatever comes of the work, the database keeps. */
export function createHearKnock({ handlers, isKnown, log }: HearKnockDeps): Hear {
  const alarm = createAlarm(log);
  return async function hear(knock, token) {
    const work = parseKnock(knock.data);
    // A database that does not answer knows nothing and denies nothing: the handler will see for itself.
    const isOurs = work !== undefined && (work.type !== "job" || (await isKnown(work.jobId).catch(() => true)));
    if (!isOurs) {
      alarm.raise(knock.id ?? "");
      await knock.moveToDelayed(Date.now() + UNKNOWN_AGAIN_MS, token);
      throw new DelayedError();
    }
    for (const handler of handlers) {
      try {
        handler(work);
      } catch (error) {
        log.warn({ work, error }, "Somebody stumbled over a knock; the next look finds the work.");
      }
    }
  };
}
