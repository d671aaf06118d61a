import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { LinkKeys } from "./link-keys.ts";
import { isSignedLink, signWords } from "./link-signature.ts";

/** A link to a part of an upload, as it arrived; nothing in it is proven. */
export interface PartLinkRequest {
  readonly uploadId: string;
  readonly n: string;
  readonly expires?: string | undefined;
  readonly keyId?: string | undefined;
  readonly sig?: string | undefined;
}

/** Links to which one part of one upload can be sent, without a key. */
export interface PartLinks {
  sign(part: { readonly uploadId: string; readonly n: number; readonly expiresAtMs: number }): Promise<string>;
  /** @throws AppError `link_invalid`, `link_expired` */
  verify(link: PartLinkRequest): Promise<{ readonly uploadId: string; readonly n: number }>;
}

export interface PartLinksOptions {
  readonly keys: LinkKeys;
  readonly publicUrl: () => string;
  readonly clock: Clock;
}

const toWords = (uploadId: string, n: string, expires: string) => ["comfy-upload-part", uploadId, n, expires];

export function createPartLinks({ keys, publicUrl, clock }: PartLinksOptions): PartLinks {
  return {
    async sign({ uploadId, n, expiresAtMs }) {
      const expires = String(Math.floor(expiresAtMs / 1000));
      const { keyId, sig } = await signWords(keys, toWords(uploadId, String(n), expires));
      const query = new URLSearchParams({ expires, key: keyId, sig });
      return `${publicUrl()}/api/v1/uploads/${uploadId}/parts/${n}?${query}`;
    },

    async verify({ uploadId, n, expires = "", keyId = "", sig = "" }) {
      if (!(await isSignedLink(keys, { words: toWords(uploadId, n, expires), expires, keyId, sig }))) {
        throw new AppError("link_invalid", "This link is not valid. Read the upload again for fresh ones.");
      }
      if (Number(expires) * 1000 < clock.nowMs())
        throw new AppError("link_expired", "This link has expired, and so has its upload. Begin another one.");
      return { uploadId, n: Number(n) };
    },
  };
}
