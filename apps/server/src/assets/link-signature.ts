import { createHmac, timingSafeEqual } from "node:crypto";
import type { LinkKey, LinkKeys } from "./link-keys.ts";

/** The first word names the purpose, so that no link passes for one of another kind. */
export type SignedWords = readonly string[];

const KEY_ID = /^[\w-]{1,32}$/;

const toSignature = (key: LinkKey, words: SignedWords): Buffer =>
  createHmac("sha256", key.secret).update(words.join("\n")).digest();

/** Signs with the newest key. */
export async function signWords(keys: LinkKeys, words: SignedWords): Promise<{ keyId: string; sig: string }> {
  const key = await keys.current();
  return { keyId: key.id, sig: toSignature(key, words).toString("base64url") };
}

/** Whether one of our keys signed these words. Whether the link has expired is asked after that: only who held a good one is told. */
export async function isSignedLink(
  keys: LinkKeys,
  link: { readonly words: SignedWords; readonly expires: string; readonly keyId: string; readonly sig: string },
): Promise<boolean> {
  const { words, expires, keyId, sig } = link;
  if (!/^\d{1,12}$/.test(expires) || !KEY_ID.test(keyId) || !/^[\w-]{43}$/.test(sig)) return false;
  const key = await keys.find(keyId);
  return key !== undefined && timingSafeEqual(toSignature(key, words), Buffer.from(sig, "base64url"));
}
