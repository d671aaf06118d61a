import { createScope, sleep } from "./deadline.ts";
import { AuthenticationError, ComfyError, ConnectionError, fieldOf, TimeoutError, textOf } from "./errors.ts";
import { createLog, type Log } from "./log.ts";
import type { ClientOptions } from "./options.ts";
import { type RateLimit, readRateLimit, readRetryAfterMs } from "./rate-limit.ts";
import { type Call, prepareRequest } from "./request.ts";
import { isNeverSent, isRepeatable, toDelayMs } from "./retry.ts";
import { toAPIError } from "./status-errors.ts";

/** An answer, its body read. */
export interface Reply<Data = unknown> {
  readonly data: Data;
  readonly response: Response;
  readonly requestId: string | undefined;
  readonly rateLimit: RateLimit | undefined;
}

/** The one road to the network. */
export interface Transport {
  readonly options: ClientOptions;
  readonly log: Log;
  readonly rateLimit: RateLimit | undefined;
  /** Signs, sends, retries what may be retried, and reads the answer; all within one deadline. */
  send<Data>(call: Call): Promise<Reply<Data>>;
  /** One attempt whose body the caller reads; for event streams. */
  open(call: Call, signal: AbortSignal): Promise<Response>;
}

function parseBody(text: string): unknown {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    return text;
  }
}

/** Nothing is read and nothing is sent before the first call. */
export function createTransport(options: ClientOptions): Transport {
  const log = createLog(options);
  const hooks = options.hooks ?? {};
  const clock = { version: options.signing === "v1" ? 1 : 2, offsetMs: 0 } as { version: 1 | 2; offsetMs: number };
  let rateLimit: RateLimit | undefined;
  let pausedUntilMs = 0;
  let isKeyEchoed = false;

  const start = (url: URL | string, init: RequestInit) => {
    // A local name: called as a property of our options, `fetch` is an illegal invocation in Workers.
    const fetch = options.fetch ?? globalThis.fetch;
    return fetch(String(url), init);
  };

  async function attempt<Data>(call: Call, number: number, signal: AbortSignal): Promise<Reply<Data>> {
    const { method, idempotencyKey } = call;
    const { url, init, version } = await prepareRequest(options, call, clock);
    const event = { method, url: url.href, attempt: number };
    // A service that took a version 2 signature is one that honours idempotency keys; any other has to echo the key first.
    const isReplaySafe = method === "GET" || (idempotencyKey !== undefined && (version === 2 || isKeyEchoed));
    hooks.onRequest?.(event);
    const startedMs = Date.now();
    let response: Response | undefined;
    let text: string;
    try {
      response = await start(url, { ...init, signal });
      text = await response.text();
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      const isUnsent = !response && isNeverSent(cause);
      const words = response
        ? "broke off in the middle of an answer"
        : isUnsent
          ? "could not be made"
          : "was lost before an answer";
      throw new ConnectionError(`The connection to ${url.host} ${words}.`, {
        ...{
          code: isUnsent ? "connection_failed" : "connection_lost",
          retryable: isUnsent || isReplaySafe,
          idempotencyKey,
          cause,
        },
      });
    }
    const { status, headers } = response;
    const body = parseBody(text);
    const requestId = headers.get("X-Request-Id") ?? textOf(body, "requestId");
    hooks.onResponse?.({ ...event, status, requestId, durationMs: Date.now() - startedMs });
    log("debug", `${method} ${url.pathname} ${status} ${Date.now() - startedMs} ms`);
    const limit = readRateLimit(headers);
    if (!call.isPoll && limit) rateLimit = limit;
    if (idempotencyKey && headers.get("Idempotency-Key")?.includes(idempotencyKey)) isKeyEchoed = true;
    const retryAfterMs = readRetryAfterMs(headers, body, status);
    const pauseMs =
      limit?.remaining === 0 ? limit.reset.getTime() : status === 429 ? Date.now() + (retryAfterMs ?? 0) : 0;
    if (!call.isPoll) pausedUntilMs = Math.max(pausedUntilMs, pauseMs);
    const isAnswer = response.ok && (!call.expect || fieldOf(body, call.expect) !== undefined);
    if (isAnswer) return { data: body as Data, response, requestId, rateLimit: limit };
    const error = toAPIError({ status, headers, body, requestId, rateLimit: limit, retryAfterMs, idempotencyKey });
    throw Object.assign(error, { retryable: isRepeatable(error, isReplaySafe) });
  }

  /** Whether the refusal was about our clock or signature scheme and is corrected now. */
  function correct(error: unknown): boolean {
    if (!(error instanceof AuthenticationError)) return false;
    const serverMs = Date.parse(error.headers.get("Date") ?? "");
    if (error.reason === "clock_skew" && serverMs) {
      clock.offsetMs = serverMs - Date.now();
      return true;
    }
    if (options.signing !== "auto" || clock.version === 1 || error.reason !== "bad_signature") return false;
    clock.version = 1;
    return true;
  }

  async function send<Data>(call: Call): Promise<Reply<Data>> {
    const timeoutMs = call.timeoutMs ?? options.timeoutMs ?? 60_000;
    const retriesMax = call.maxRetries ?? options.maxRetries ?? 2;
    const deadlineMs = Date.now() + timeoutMs;
    const scope = createScope(call.signal, timeoutMs, () => new TimeoutError("request", timeoutMs));
    const { signal } = scope;
    let isCorrected = false;
    try {
      for (let failures = 0; ; ) {
        if (signal.aborted) throw signal.reason;
        const pauseMs = pausedUntilMs - Date.now();
        if (options.throttle !== false && !call.isPoll && pauseMs > 0 && Date.now() + pauseMs < deadlineMs) {
          await sleep(pauseMs + Math.random() * 250, signal);
        }
        try {
          return await attempt<Data>(call, failures + 1, signal);
        } catch (error) {
          if (!isCorrected && correct(error)) {
            isCorrected = true;
            continue;
          }
          if (signal.aborted || !(error instanceof ComfyError) || !error.retryable || failures >= retriesMax)
            throw error;
          const delayMs = toDelayMs(error, failures);
          // A retry that cannot happen in time is not waited for: the error, with the time to wait, is more use now.
          if (Date.now() + delayMs > deadlineMs) throw error;
          failures++;
          log(
            "info",
            `${call.method} ${call.path}: ${error.message} Attempt ${failures + 1} in ${Math.round(delayMs)} ms.`,
          );
          hooks.onRetry?.({ method: call.method, url: call.path, attempt: failures, delayMs, error });
          await sleep(delayMs, signal);
        }
      }
    } finally {
      scope.release();
    }
  }

  return {
    options,
    log,
    send,
    get rateLimit() {
      return rateLimit;
    },
    async open(call, signal) {
      const { url, init } = await prepareRequest(options, call, clock);
      return start(url, { ...init, signal });
    },
  };
}
