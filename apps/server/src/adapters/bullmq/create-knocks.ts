import type { Knocks, Work } from "../../jobs/knocks.ts";
import type { Log } from "../../log.ts";
import { createHearKnock } from "./hear-knock.ts";
import { toKnock } from "./knock-data.ts";
import { createPatience } from "./patience.ts";
import type { KnockQueue, KnockWorker, QueueDriver } from "./queue-driver.ts";

/** Knocks on their way to a store that answers slowly; more are dropped. */
const UNDER_WAY_MAX = 1_000;
const CLOSE_TIMEOUT_MS = 2_000;

export interface BullKnocksOptions {
  readonly driver: QueueDriver;
  /** Keeps deployments on one Redis apart. */
  readonly deploymentId: string;
  /** Whether the database has this job. */
  readonly isKnown: (jobId: string) => Promise<boolean>;
  readonly log: Log;
}

/**
 * Knocks between processes, over BullMQ. The queue carries nothing that the database does not have: it may be wiped, may lie, may be
 * away; then work is found by looking, a second later.
 *
 * @example const knocks = createBullKnocks({ driver: createRedisDriver(redis), deploymentId, isKnown, log });
 */
export function createBullKnocks({ driver, deploymentId, isKnown, log }: BullKnocksOptions): Knocks {
  const handlers = new Set<(work: Work) => void>();
  const hear = createHearKnock({ handlers, isKnown, log });
  const opening = createPatience(log);
  let queue: KnockQueue | undefined;
  let worker: KnockWorker | undefined;
  let underWay = 0;
  let count = 0;
  let isFailing = false;

  const isOpen = opening.untilDone(async () => {
    await driver.prepare();
    queue = await driver.openQueue(deploymentId);
  });
  let isHearing: Promise<void> | undefined;

  async function openWorker(): Promise<void> {
    await isOpen;
    await opening.untilDone(async () => {
      worker = await driver.openWorker(deploymentId, hear, (error) => {
        log.debug({ error }, "The queue stumbled; it tries again.");
      });
    });
  }

  async function add(to: KnockQueue, work: Work): Promise<void> {
    const { id, name, data } = toKnock(work, count++);
    try {
      await to.add(name, data, { jobId: id, removeOnComplete: true, removeOnFail: true });
      if (isFailing) log.info({}, "The queue takes knocks again.");
      isFailing = false;
    } catch (error) {
      // A store that is away was told of by whoever holds the connection.
      if (!isFailing && driver.isReady()) log.warn({ error }, "The queue takes no knocks; work is found by looking.");
      isFailing ||= driver.isReady();
    }
  }

  return {
    knock(work) {
      if (queue === undefined || !driver.isReady() || underWay >= UNDER_WAY_MAX) return;
      underWay += 1;
      void add(queue, work).finally(() => {
        underWay -= 1;
      });
    },
    listen(handler) {
      handlers.add(handler);
      isHearing ??= openWorker();
      void isHearing.then(() => {
        if (handlers.size > 0) void worker?.resume();
      });
      return () => {
        handlers.delete(handler);
        // What others could hear must not end here.
        if (handlers.size === 0) void worker?.pause(true);
      };
    },
    async close() {
      opening.stop();
      handlers.clear();
      const closing = Promise.all([worker?.close(true), queue?.close()]);
      queue = undefined;
      await settleWithin(closing, CLOSE_TIMEOUT_MS);
    },
  };
}

async function settleWithin(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}
