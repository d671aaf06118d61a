import { signRequest } from "@comfy/signing";
import { readEnvironment } from "./environment.ts";
import { ConfigError } from "./errors.ts";
import type { CallOptions, ClientOptions } from "./options.ts";

/** One call, its body already in its final bytes. */
export interface Call extends CallOptions {
  readonly method: string;
  readonly path: string;
  readonly body?: string | Uint8Array<ArrayBuffer> | undefined;
  readonly contentType?: string | undefined;
  readonly isUnsigned?: boolean | undefined;
  /** Job reads have a bucket of their own: they are never throttled and do not count as "last seen". */
  readonly isPoll?: boolean | undefined;
  /** A field without which a 2xx answer is no answer. */
  readonly expect?: string | undefined;
}

/** Whether a method only reads, so that repeating it is always safe. */
export const isRead = (method: string): boolean => /^(GET|HEAD)$/.test(method);

/** What `fetch` is called with. */
export interface PreparedRequest {
  readonly url: URL;
  readonly init: RequestInit;
  /** The signature that was made, if any. */
  readonly version: 1 | 2 | undefined;
}

// Next.js caches GETs of a patched fetch unless told not to; older Workers throw on the very word. Tried once, at the first call,
// because touching `Request` costs 30 ms at start.
let cacheInit: RequestInit | undefined;
function readCacheInit(): RequestInit {
  try {
    cacheInit ??= new Request("http://localhost", { cache: "no-store" }) && { cache: "no-store" };
  } catch {
    cacheInit = {};
  }
  return cacheInit;
}

function toUrl(options: ClientOptions, path: string): URL {
  const base = options.baseUrl ?? readEnvironment("COMFYUI_SERVICE_URL");
  if (!base) {
    throw new ConfigError("The service's address is missing: set baseUrl or COMFYUI_SERVICE_URL.", {
      code: "missing_base_url",
    });
  }
  const { location } = globalThis as { location?: { href: string } };
  return new URL(base.replace(/\/+$/, "") + path.replace(/^\/?/, "/"), location?.href);
}

async function readSecret(options: ClientOptions): Promise<string | undefined> {
  const { apiSecret = readEnvironment("COMFYUI_API_SECRET") } = options;
  if (!apiSecret) return undefined;
  if ("document" in globalThis && !options.dangerouslyAllowBrowser) {
    const words = "Everyone can read a secret in a browser: call your own server, or set dangerouslyAllowBrowser.";
    throw new ConfigError(words, { code: "secret_in_browser" });
  }
  if (!globalThis.crypto?.subtle) {
    const words = "Signing needs WebCrypto: use https, or Node 20 or newer.";
    throw new ConfigError(words, { code: "insecure_context" });
  }
  return typeof apiSecret === "string" ? apiSecret : await apiSecret();
}

/** Puts one attempt together: address, headers, a signature of this very moment. */
export async function prepareRequest(
  options: ClientOptions,
  call: Call,
  clock: { version: 1 | 2; offsetMs: number },
): Promise<PreparedRequest> {
  const { method, body } = call;
  const url = toUrl(options, call.path);
  const headers: Record<string, string> = { Accept: "application/json", ...options.headers, ...call.headers };
  if (body !== undefined) headers["Content-Type"] = call.contentType ?? "application/json";
  if (call.idempotencyKey && !isRead(method)) headers["Idempotency-Key"] = call.idempotencyKey;
  const keyId = call.isUnsigned ? undefined : (options.apiKey ?? readEnvironment("COMFYUI_API_KEY"));
  const secret = keyId && (await readSecret(options));
  if (keyId) headers["X-API-Key"] = keyId;
  if (keyId && secret) {
    const { version, offsetMs } = clock;
    const target = url.pathname + url.search;
    Object.assign(
      headers,
      await signRequest({ version, keyId, secret, method, target, body, timestampMs: Date.now() + offsetMs }),
    );
  }
  const init: RequestInit = { ...readCacheInit(), method, headers, redirect: "manual" };
  if (body !== undefined) init.body = body;
  return { url, init, version: secret ? clock.version : undefined };
}
