import { signRequest } from "@comfy/signing";
import type { DrawnRequest } from "../draw/request.ts";

/** What a proof covers. */
export type Provable = Pick<DrawnRequest, "method" | "target" | "body">;

/** Somebody who calls, with what proves it. */
export interface Account {
  readonly name: string;
  /** Whose things it can reach. */
  readonly owner: string;
  /** Headers that prove who sends this very request. */
  prove(request: Provable): Promise<Readonly<Record<string, string>>>;
}

export interface SigningKey {
  readonly keyId: string;
  readonly secret: string;
}

/** Signs each request anew, in the second version. */
export function createSigner(name: string, key: SigningKey): Account {
  return {
    name,
    owner: name,
    async prove({ method, target, body = new Uint8Array() }) {
      return signRequest({ version: 2, ...key, method, target, body, timestampMs: Date.now() });
    },
  };
}

/** Shows a token. */
export function createBearer(name: string, token: string, owner = name): Account {
  return { name, owner, prove: async () => ({ authorization: `Bearer ${token}` }) };
}

export const nobody: Account = { name: "nobody", owner: "operator", prove: async () => ({}) };

/** Claims to be somebody without being able to show it. */
export function createImpostor(key: SigningKey): Account {
  const forged = createSigner("impostor", { ...key, secret: "not the secret of anybody" });
  const token = createBearer("impostor", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.");
  let turn = 0;
  return {
    name: "impostor",
    owner: "operator",
    prove: (request) => (turn++ % 2 === 0 ? forged : token).prove(request),
  };
}
