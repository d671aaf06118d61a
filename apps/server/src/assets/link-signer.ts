import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Asset } from "./asset.ts";
import type { LinkKey, LinkKeys } from "./link-keys.ts";

export type Disposition = "inline" | "attachment";

/** A signed link as it arrived; nothing in it is proven. */
export interface LinkRequest {
  readonly assetId: string;
  readonly name: string;
  readonly expires?: string | undefined;
  readonly keyId?: string | undefined;
  readonly disposition?: string | undefined;
  readonly sig?: string | undefined;
}

export interface LinkSigner {
  /** A link that opens for at least the configured time, whoever holds it. */
  sign(asset: Pick<Asset, "id" | "name">, disposition?: Disposition): Promise<string>;
  /** @throws AppError `link_invalid`, `link_expired` */
  verify(link: LinkRequest): Promise<{ readonly assetId: string; readonly disposition: Disposition }>;
}

export interface LinkSignerOptions {
  readonly keys: LinkKeys;
  /** Where callers reach the service, without a slash at the end; read at each link. Never taken from a request. */
  readonly publicUrl: () => string;
  readonly clock: Clock;
  readonly ttlMs: number;
}

const TTL_MS_MIN = 3_600_000;
// Expiry is rounded up to this, so that one poll after the other gets the same link and a browser's cache stays useful.
const STEP_SECONDS = 300;
const KEY_ID = /^[\w-]{1,32}$/;

const isDisposition = (text: string): text is Disposition => text === "inline" || text === "attachment";

function toSignature(key: LinkKey, assetId: string, expires: string, disposition: Disposition): Buffer {
  // The words name the purpose: the same key signs nothing else in this form.
  return createHmac("sha256", key.secret).update(`comfy-link\n${assetId}\n${expires}\n${disposition}`).digest();
}

function matches(expected: Buffer, given: string): boolean {
  if (!/^[\w-]{43}$/.test(given)) return false;
  return timingSafeEqual(expected, Buffer.from(given, "base64url"));
}

/**
 * Links that open one asset until they expire, without a key. They outlive a revoked API key.
 *
 * @example const url = await links.sign(asset); // https://api.example.com/outputs/<id>/portrait.png?expires=…&key=…&sig=…
 */
export function createLinkSigner({ keys, publicUrl, clock, ttlMs }: LinkSignerOptions): LinkSigner {
  if (ttlMs < TTL_MS_MIN) throw new RangeError(`Links live ${ttlMs} ms: expected at least ${TTL_MS_MIN} ms.`);
  const invalid = () => new AppError("link_invalid", "This link is not valid. Read the job again for a fresh one.");

  return {
    async sign({ id, name }, disposition = "inline") {
      const key = await keys.current();
      const expires = String(Math.ceil((clock.nowMs() + ttlMs) / 1000 / STEP_SECONDS) * STEP_SECONDS);
      const sig = toSignature(key, id, expires, disposition).toString("base64url");
      const query = new URLSearchParams({
        expires,
        key: key.id,
        ...(disposition !== "inline" && { disposition }),
        sig,
      });
      return `${publicUrl()}/outputs/${id}/${encodeURIComponent(name)}?${query}`;
    },

    async verify({ assetId, expires = "", keyId = "", disposition = "inline", sig = "" }) {
      if (!/^\d{1,12}$/.test(expires) || !KEY_ID.test(keyId) || !isDisposition(disposition)) throw invalid();
      const key = await keys.find(keyId);
      if (!key || !matches(toSignature(key, assetId, expires, disposition), sig)) throw invalid();
      // Only who holds a link that was good is told that it has expired.
      if (Number(expires) * 1000 < clock.nowMs()) {
        throw new AppError("link_expired", "This link has expired. Read the job again for a fresh one.");
      }
      return { assetId, disposition };
    },
  };
}
