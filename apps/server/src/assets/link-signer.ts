import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Asset } from "./asset.ts";
import type { LinkKeys } from "./link-keys.ts";
import { isSignedLink, signWords } from "./link-signature.ts";

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

type Named = Pick<Asset, "id" | "name">;

export interface LinkSigner {
  /** A link that opens for at least the configured time, whoever holds it. */
  sign(asset: Named, disposition?: Disposition): Promise<string>;
  /** A link that opens for so many seconds. */
  signFor(
    asset: Named,
    seconds: number,
    disposition: Disposition,
  ): Promise<{ readonly url: string; readonly expiresAtMs: number }>;
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
const isDisposition = (text: string): text is Disposition => text === "inline" || text === "attachment";

/** The words name the purpose: the same key signs nothing else in this form. */
const toWords = (assetId: string, expires: string, disposition: Disposition) => [
  "comfy-link",
  assetId,
  expires,
  disposition,
];

/**
 * Links that open one asset until they expire, without a key. They outlive a revoked API key.
 *
 * @example const url = await links.sign(asset); // https://api.example.com/outputs/<id>/portrait.png?expires=…&key=…&sig=…
 */
export function createLinkSigner({ keys, publicUrl, clock, ttlMs }: LinkSignerOptions): LinkSigner {
  if (ttlMs < TTL_MS_MIN) throw new RangeError(`Links live ${ttlMs} ms: expected at least ${TTL_MS_MIN} ms.`);
  const invalid = () => new AppError("link_invalid", "This link is not valid. Read the job again for a fresh one.");

  async function signUntil({ id, name }: Named, disposition: Disposition, expiresSeconds: number): Promise<string> {
    const expires = String(expiresSeconds);
    const { keyId, sig } = await signWords(keys, toWords(id, expires, disposition));
    const query = new URLSearchParams({
      expires,
      key: keyId,
      ...(disposition !== "inline" && { disposition }),
      sig,
    });
    return `${publicUrl()}/outputs/${id}/${encodeURIComponent(name)}?${query}`;
  }

  return {
    sign(asset, disposition = "inline") {
      const expires = Math.ceil((clock.nowMs() + ttlMs) / 1000 / STEP_SECONDS) * STEP_SECONDS;
      return signUntil(asset, disposition, expires);
    },

    async signFor(asset, seconds, disposition) {
      const expires = Math.ceil(clock.nowMs() / 1000) + seconds;
      return { url: await signUntil(asset, disposition, expires), expiresAtMs: expires * 1000 };
    },

    async verify({ assetId, expires = "", keyId = "", disposition = "inline", sig = "" }) {
      if (!isDisposition(disposition)) throw invalid();
      if (!(await isSignedLink(keys, { words: toWords(assetId, expires, disposition), expires, keyId, sig })))
        throw invalid();
      // Only who holds a link that was good is told that it has expired.
      if (Number(expires) * 1000 < clock.nowMs()) {
        throw new AppError("link_expired", "This link has expired. Read the job again for a fresh one.");
      }
      return { assetId, disposition };
    },
  };
}
