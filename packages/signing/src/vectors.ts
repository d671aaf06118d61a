import vectors from "../vectors.json" with { type: "json" };

/** One signed request whose digests were made by an independent implementation (OpenSSL through `node:crypto`). */
export interface RequestVector {
  readonly name: string;
  readonly secret: string;
  readonly keyId: string;
  readonly method: string;
  readonly target: string;
  readonly timestampMs: number;
  readonly nonce: string;
  /** What to hand to a signer: text where the vector is text, bytes where it is binary, undefined where there is none. */
  readonly body: string | Uint8Array | undefined;
  readonly bodySha256: string;
  readonly signatureV1: string;
  readonly signatureV2: string;
}

function readBody(body: { text?: string; utf16Hex?: string; base64?: string; repeat?: string; times?: number }) {
  if (body.text !== undefined) return body.text;
  if (body.utf16Hex) {
    return body.utf16Hex.replace(/.{4}/g, (unit) => String.fromCharCode(Number.parseInt(unit, 16)));
  }
  if (body.base64 !== undefined) return Uint8Array.from(atob(body.base64), (char) => char.charCodeAt(0));
  return body.repeat?.repeat(body.times ?? 1);
}

/** The vectors of `vectors.json` with their bodies spelled out; for the tests of every side that signs or verifies. */
export function readRequestVectors(): readonly RequestVector[] {
  return vectors.requests.map(({ body, ...rest }) => ({ ...vectors.shared, ...rest, body: readBody(body) }));
}
