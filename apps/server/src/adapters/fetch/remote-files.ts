import type { Agent, Dispatcher } from "undici";
import type { RemoteFiles } from "../../assets/remote-file.ts";
import { AppError } from "../../errors.ts";
import { toFailureReason } from "./failure-reason.ts";
import { OutgoingError, parseOutgoingUrl, type UrlPolicy } from "./url-policy.ts";

export interface RemoteFilesOptions {
  readonly policy: UrlPolicy;
  readonly agent: Agent;
  /** Silence that ends a request. */
  readonly silenceTimeoutMs?: number;
  /** A whole file, redirects included; a server that drips is never silent. */
  readonly totalTimeoutMs?: number;
}

const REDIRECTS_MAX = 3;
const REDIRECT = new Set([301, 302, 303, 307, 308]);

const headers = {
  accept: "image/*, audio/*, video/*",
  // Packed bytes would be stored as they are: nothing here unpacks what a stranger sent.
  "accept-encoding": "identity",
  "user-agent": "comfy-service",
};

function drop(body: Dispatcher.ResponseData["body"]): void {
  // Destroying an unread body raises an error event that nobody else would hear.
  body.on("error", () => undefined).destroy();
}

function tooLarge(sizeBytesMax: number): AppError {
  return new AppError("payload_too_large", `The file is too large: expected at most ${sizeBytesMax} bytes.`);
}

/** The caller's own abort passes; everything else becomes a sentence. */
function translate(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof AppError) return error;
  const sentence = `The file could not be fetched: ${toFailureReason(error)}.`;
  return new AppError("media_unusable", sentence, { cause: error });
}

async function* readBody(body: Dispatcher.ResponseData["body"], sizeBytesMax: number, signal: AbortSignal) {
  let sizeBytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      sizeBytes += chunk.length;
      if (sizeBytes > sizeBytesMax) throw tooLarge(sizeBytesMax);
      yield chunk;
    }
  } catch (error) {
    throw translate(error, signal);
  } finally {
    drop(body);
  }
}

/** Fetches files from addresses that callers named. */
export function createRemoteFiles(options: RemoteFilesOptions): RemoteFiles {
  const { policy, agent, silenceTimeoutMs = 15_000, totalTimeoutMs = 120_000 } = options;

  const get = (url: URL, signal: AbortSignal) =>
    agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: "GET",
      headers,
      headersTimeout: silenceTimeoutMs,
      bodyTimeout: silenceTimeoutMs,
      signal,
    });

  /** Follows redirects by hand: each hop is judged as if the caller had named it. */
  async function follow(text: string, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    let url = parseOutgoingUrl(text, policy);
    for (let hop = 0; ; hop++) {
      const response = await get(url, signal);
      if (response.statusCode === 200) return response;
      drop(response.body);
      const { location } = response.headers;
      if (!REDIRECT.has(response.statusCode) || typeof location !== "string") {
        throw new OutgoingError(`the server answered with status ${response.statusCode}`);
      }
      if (hop === REDIRECTS_MAX) throw new OutgoingError(`it redirects more than ${REDIRECTS_MAX} times`);
      if (!URL.canParse(location, url)) throw new OutgoingError("it redirects to no valid address");
      url = parseOutgoingUrl(new URL(location, url).href, policy);
    }
  }

  return {
    assertAllowed(url, field) {
      try {
        parseOutgoingUrl(url, policy);
      } catch (cause) {
        const message = toFailureReason(cause);
        throw new AppError("invalid_input", `${field}: ${message}`, { cause, details: [{ path: field, message }] });
      }
    },

    async open(url, { sizeBytesMax, signal }) {
      try {
        signal.throwIfAborted();
        const deadline = AbortSignal.any([signal, AbortSignal.timeout(totalTimeoutMs)]);
        const { body, headers: answered } = await follow(url, deadline);
        if (Number(answered["content-length"]) > sizeBytesMax) {
          drop(body);
          throw tooLarge(sizeBytesMax);
        }
        return { body: readBody(body, sizeBytesMax, signal) };
      } catch (error) {
        throw translate(error, signal);
      }
    },
  };
}
