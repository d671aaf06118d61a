import { randomBytes } from "node:crypto";

/** What a key, its secret and its token look like: whoever finds one in a log or in a repository knows what it is. */
const PREFIXES = { key: "comfy_key_", secret: "comfy_secret_", token: "comfy_token_" } as const;

/** Random bytes: of the key, which names and opens polling; of the secret and the token, which prove. */
const SIZES = { key: 24, secret: 32, token: 32 } as const;

export const KEY_FORM = /^comfy_key_[\w-]{32}$/;
export const TOKEN_FORM = /^comfy_token_[\w-]{43}$/;

export function createKeyText(what: keyof typeof PREFIXES): string {
  return PREFIXES[what] + randomBytes(SIZES[what]).toString("base64url");
}

/** What lists show of a key, for people to tell it from others. */
export const hintOf = (key: string): string => key.slice(-4);
