import { signRequest } from "@comfy/signing";
import { type Door, PRO_KEY, SECRET } from "./start-door.ts";

export interface CallOptions {
  /** Printed as JSON unless it is text or bytes already. */
  readonly body?: unknown;
  readonly key?: string;
  readonly secret?: string;
  readonly version?: 1 | 2;
  /** Header names with other values; undefined leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly timestampMs?: number;
  readonly signal?: AbortSignal;
  /** What is signed as the target, where it differs from the path. */
  readonly target?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed when it is JSON, else the text. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes.
  readonly body: any;
}

const toBytes = (body: unknown): Uint8Array<ArrayBuffer> | undefined => {
  if (body === undefined) return undefined;
  if (body instanceof Uint8Array) return new Uint8Array(body);
  return new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
};

/** A signed request as `fetch` takes it. */
export async function toSignedInit(method: string, path: string, options: CallOptions = {}): Promise<RequestInit> {
  const { key = PRO_KEY, secret = SECRET, version = 2, timestampMs, signal } = options;
  const body = toBytes(options.body);
  const signed = await signRequest({
    ...{ version, method, secret, keyId: key, target: options.target ?? path, body },
    ...(timestampMs !== undefined && { timestampMs }),
  });
  const headers = new Headers({ ...signed, ...(body && { "Content-Type": "application/json" }) });
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (value === undefined) headers.delete(name);
    else headers.set(name, value);
  }
  return { method, headers, ...(body && { body }), ...(signal && { signal }) };
}

export async function send(door: Door, path: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(door.url + path, { redirect: "manual", ...init });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json");
  return { status: response.status, headers: response.headers, body: isJson && text ? JSON.parse(text) : text };
}

/** One signed request. */
export async function call(door: Door, method: string, path: string, options: CallOptions = {}): Promise<Reply> {
  return send(door, path, await toSignedInit(method, path, options));
}

export const post = (door: Door, path: string, body?: unknown, options: CallOptions = {}) =>
  call(door, "POST", path, { ...options, body });

/** A signed read. */
export const readSigned = (door: Door, path: string, key = PRO_KEY) => call(door, "GET", path, { key });

/** A read with the key alone, as pollers do it. */
export const readWithKey = (door: Door, path: string, key = PRO_KEY) =>
  send(door, path, { headers: { "X-API-Key": key } });
