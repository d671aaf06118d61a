/** What a caller sent, before anything of it is believed. */
export interface SignedRequest {
  readonly method: string;
  /** The raw request target with the public prefix: version 2 signs it. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The very bytes that arrived. */
  readonly body: Uint8Array;
}

/** A header as HTTP joins it: one that was sent twice holds a comma and matches nothing. */
export function readHeader({ headers }: Pick<SignedRequest, "headers">, name: string): string {
  const value = headers[name];
  return (typeof value === "string" ? value : (value?.join(", ") ?? "")).trim();
}

/** The token of `Authorization: Bearer`, where that is how the request comes: a key in `X-API-Key` goes before it. */
export function readBearer(request: Pick<SignedRequest, "headers">): string | undefined {
  if (readHeader(request, "x-api-key") !== "") return undefined;
  const [, token] = /^bearer[ \t]+(\S+)$/i.exec(readHeader(request, "authorization")) ?? [];
  return token;
}
