import type { LocalRemains } from "./local-remains.ts";
import { LOOSE_AGE_MIN_MS } from "./loose-age.ts";
import type { ObjectStore } from "./object-store.ts";
import { createRemoveLoose, type RemoveLooseDeps } from "./remove-loose-blobs.ts";
import { removeUnknownFiles } from "./remove-unknown-files.ts";
import type { Spool } from "./spool.ts";
import type { StorageRecords } from "./storage-records.ts";

export interface SweepStorageDeps extends Omit<RemoveLooseDeps, "looseAgeMs" | "local" | "records"> {
  readonly records: StorageRecords;
  /** Absent: the folder of this machine belongs to another deployment, and nothing in it is touched. */
  readonly local?: LocalRemains;
  readonly cloud?: {
    readonly objects: Pick<ObjectStore, "dropHalves">;
    readonly spool: Pick<Spool, "dropHalves">;
    /** In front of our keys: other halves of the bucket are somebody else's. */
    readonly deploymentId: string;
  };
  /** Outputs and uploads older than this expire; absent: never. */
  readonly retentionMs?: number;
  /** Names this process. */
  readonly holder: string;
  /** Bytes that nobody refers to, and halves of files, are kept for this long: longer than any job takes. Default a day. */
  readonly looseAgeMs?: number;
}

const HOUR_MS = 3_600_000;
const TURN_MS = HOUR_MS;
/** Reading a folder of a million files takes a while, and what a crash leaves there is small. */
const LIST_EVERY_MS = 6 * HOUR_MS;
const AT_ONCE = 1_000;

export interface Swept {
  readonly expired: number;
  readonly deleted: number;
  readonly halves: number;
}

/** Expires what is older than the retention, then removes bytes that nobody refers to and what crashes left. */
export type SweepStorage = (signal: AbortSignal) => Promise<Swept>;

export function createSweepStorage(deps: SweepStorageDeps): SweepStorage {
  const { records, local, cloud, retentionMs, holder, log, monotonicMs, looseAgeMs = LOOSE_AGE_MIN_MS } = deps;
  const removeLoose = createRemoveLoose({ ...deps, looseAgeMs });
  let nextListMs = Number.NEGATIVE_INFINITY;

  /** Each machine has a disk of its own: no other process can look there. */
  async function sweepMachine(signal: AbortSignal) {
    const halves = (await cloud?.spool.dropHalves(looseAgeMs)) ?? 0;
    if (!local || monotonicMs() < nextListMs) return { halves, deleted: 0 };
    nextListMs = monotonicMs() + LIST_EVERY_MS;
    return { halves, deleted: await removeUnknownFiles(records, local, { ageMs: looseAgeMs, signal }) };
  }

  async function expire(signal: AbortSignal): Promise<number> {
    if (retentionMs === undefined) return 0;
    let expired = 0;
    for (let count = AT_ONCE; count === AT_ONCE && !signal.aborted; expired += count)
      count = await records.expireAssets({ ageMs: retentionMs, count: AT_ONCE });
    return expired;
  }

  return async function sweepStorage(signal) {
    const machine = await sweepMachine(signal);
    if (!(await records.takeTurn("storage", holder, TURN_MS))) return { expired: 0, ...machine };
    const expired = await expire(signal);
    const deleted = machine.deleted + (await removeLoose(signal));
    const sent = (await cloud?.objects.dropHalves(`${cloud.deploymentId}/`, looseAgeMs, signal)) ?? 0;
    const halves = machine.halves + sent;
    const swept = { expired, deleted, halves };
    if (expired + deleted + halves > 0) log.info(swept, "Storage was swept.");
    return swept;
  };
}
