import type { Backend } from "../generation/backend.ts";
import type { OrphanPrompt, Orphans } from "../generation/orphans.ts";
import type { Ownership } from "../generation/ownership.ts";
import type { LifecyclePart } from "../lifecycle.ts";
import type { Log } from "../log.ts";
import { createLoop } from "./loop.ts";

const LOOK_EVERY_MS = 5_000;
const AT_ONCE = 100;
const ANSWER_MS = 10_000;

export interface OrphanSweeperDeps {
  readonly orphans: Orphans;
  /** Only the owner of a backend touches it. */
  readonly ownership: Ownership;
  readonly findBackend: (backendId: string) => Backend | undefined;
  readonly log: Log;
}

/**
 * Takes prompts that nobody waits for off their backends, each by its id, as soon as they can be found: a job that was dispatched again
 * would otherwise be rendered twice. What may still appear is looked for again, over restarts of this process too.
 */
export function createOrphanSweeper({ orphans, ownership, findBackend, log }: OrphanSweeperDeps): LifecyclePart {
  const loop = createLoop({ name: "orphan", everyMs: LOOK_EVERY_MS, log, run: sweep });

  async function sweep(stopping: AbortSignal): Promise<boolean> {
    const owned = ownership.owned();
    if (owned.length === 0) return false;
    const due = await orphans.due(owned, AT_ONCE);
    const byBackend = Map.groupBy(due, ({ backendId }) => backendId);
    await Promise.all([...byBackend].map(([backendId, prompts]) => clean(backendId, prompts, stopping)));
    return false;
  }

  async function clean(backendId: string, prompts: readonly OrphanPrompt[], stopping: AbortSignal): Promise<void> {
    const settled: string[] = [];
    for (const prompt of prompts) {
      const backend = findBackend(backendId);
      const lease = ownership.lease(backendId);
      if (backend === undefined || lease === undefined) break;
      const signal = AbortSignal.any([stopping, lease.lost, AbortSignal.timeout(ANSWER_MS)]);
      try {
        if ((await backend.abandon({ ...prompt, signal })) === "settled") settled.push(prompt.promptId);
      } catch (error) {
        // It will not answer for the next one either.
        log.debug({ backendId, error }, "Abandoned prompts could not be removed yet.");
        break;
      }
    }
    if (settled.length === 0) return;
    await orphans.settle(settled);
    log.info({ backendId, promptIds: settled }, "Abandoned prompts were settled.");
  }

  return { name: "orphans", start: async () => loop.start(), stop: () => loop.stop() };
}
