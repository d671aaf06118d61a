import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { AssetRecords } from "./asset-records.ts";
import { toKey } from "./cloud-blob-store.ts";
import type { Disposition, LinkSigner } from "./link-signer.ts";
import { isInlineType } from "./media-type.ts";
import type { ObjectStore } from "./object-store.ts";

export interface DirectLinksDeps {
  readonly objects: Pick<ObjectStore, "name" | "sign">;
  readonly records: Pick<AssetRecords, "find">;
  /** For what is not in the store, and while the store does not sign. */
  readonly own: Pick<LinkSigner, "sign">;
  readonly clock: Clock;
  readonly log: Log;
  /** A link works for at least this long when it is handed out. */
  readonly ttlMs: number;
}

/** A poller gets the same link for this long, and the store is asked once. */
const KEPT_MS = 300_000;
const KEPT_MAX = 10_000;
const SIGN_MS = 5_000;

/**
 * Links that lead to the store itself: its bytes do not pass through this service. They say nothing of ours: a deleted or expired asset
 * opens until its bytes are gone, and our headers are not on it.
 */
export function createDirectLinks(deps: DirectLinksDeps): Pick<LinkSigner, "sign"> {
  const { objects, records, own, clock, log, ttlMs } = deps;
  const kept = new Map<string, { readonly url: string; readonly untilMs: number }>();

  async function signDirect(id: string, wanted: Disposition): Promise<string | undefined> {
    const asset = await records.find(id);
    if (!asset?.location.startsWith(`${objects.name}:`)) return undefined;
    const { name, type } = asset;
    const disposition = isInlineType(type) ? wanted : "attachment";
    const link = { name, type, disposition, ttlSeconds: Math.ceil((ttlMs + KEPT_MS) / 1000) };
    return objects.sign(toKey(objects, asset.location), link, AbortSignal.timeout(SIGN_MS));
  }

  function keep(word: string, url: string): string {
    const oldest = kept.size >= KEPT_MAX ? kept.keys().next().value : undefined;
    if (oldest !== undefined) kept.delete(oldest);
    kept.set(word, { url, untilMs: clock.nowMs() + KEPT_MS });
    return url;
  }

  return {
    async sign(asset, disposition = "inline") {
      const word = `${asset.id} ${disposition}`;
      const known = kept.get(word);
      if (known && known.untilMs > clock.nowMs()) return known.url;
      kept.delete(word);
      try {
        const url = await signDirect(asset.id, disposition);
        if (url !== undefined) return keep(word, url);
      } catch (error) {
        log.warn({ assetId: asset.id, error }, "The store signed no link; ours is given instead.");
      }
      return own.sign(asset, disposition);
    },
  };
}
