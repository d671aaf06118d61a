import { expect, onTestFinished, test } from "vitest";
import { AppError } from "../errors.ts";
import type { Backend } from "../generation/backend.ts";
import { silentLog } from "../log.ts";
import { createOrphanSweeper } from "./orphan-sweeper.ts";

/** A sweeper that owns some backends; what is asked of each is written down. */
async function sweep(owned: string[], abandon: Backend["abandon"]) {
  const orphans = ["a", "b"].map((id) => ({ backendId: id, promptId: `prompt-${id}`, backendEpoch: `boot-${id}` }));
  const settled: string[] = [];
  const asked: string[][] = [];
  const lost = new AbortController().signal;
  const sweeper = createOrphanSweeper({
    orphans: {
      async due(ids) {
        asked.push([...ids]);
        return orphans.filter(({ backendId, promptId }) => ids.includes(backendId) && !settled.includes(promptId));
      },
      settle: async (ids) => void settled.push(...ids),
    },
    ownership: {
      owned: () => owned,
      lease: (id) => (owned.includes(id) ? { holder: "me", epoch: 1, lost } : undefined),
    },
    findBackend: () => ({ abandon }) as unknown as Backend, // it is asked for nothing else
    log: silentLog,
  });
  onTestFinished(async () => sweeper.stop?.());
  await sweeper.start?.(AbortSignal.timeout(5_000));
  await expect.poll(() => asked.length).toBeGreaterThan(0);
  return { settled };
}

test("prompts that nobody waits for are taken off backends of this process, each by its id and boot, and off no other", async () => {
  const seen: string[] = [];
  const { settled } = await sweep(["a"], async ({ promptId, backendEpoch }) => {
    seen.push(`${promptId} of ${backendEpoch}`);
    return "settled";
  });
  await expect.poll(() => settled).toEqual(["prompt-a"]);
  expect(seen).toEqual(["prompt-a of boot-a"]);
});

test("one that may still appear is kept", async () => {
  const seen: string[] = [];
  const { settled } = await sweep(["a", "b"], async ({ promptId }) => {
    seen.push(promptId);
    return promptId === "prompt-a" ? "unsettled" : "settled";
  });
  await expect.poll(() => settled).toEqual(["prompt-b"]);
  expect(seen.toSorted()).toEqual(["prompt-a", "prompt-b"]);
});

test("a backend that does not answer keeps no other from being swept", async () => {
  const { settled } = await sweep(["a", "b"], async ({ promptId }) => {
    if (promptId === "prompt-a") throw new AppError("no_backend", "It is away.");
    return "settled";
  });
  await expect.poll(() => settled).toEqual(["prompt-b"]);
});
