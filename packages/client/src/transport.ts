import { createScope, sleep } from "./deadline.ts";
import { AuthenticationError, ComfyError, ConnectionError, TimeoutError } from "./errors.ts";
import { createLog, type Log } from "./log.ts";
import type { ClientOptions } from "./options.ts";
import { fieldOf, textOf } from "./parsed-body.ts";
import { type RateLimit, readRateLimit, readRetryAfterMs } from "./rate-limit.ts";
import { type Call, isRead, prepareRequest } from "./request.ts";
import { isNeverSent, isRepeatable, toDelayMs } from "./retry.ts";
import { toAPIError } from "./status-errors.ts";

/** An answer, its body read. */
export interface Reply<Data = unknown> {
  readonly data: Data;
  readonly response: Response;
  readonly requestId: string | undefined;
  readonly rateLimit: RateLimit | undefined;
}

function parseBody(text: string): unknown {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    return text;
  }
}

/** The one road to the network. Nothing is read and nothing is sent before the first call. */
export class Transport {
  readonly options: ClientOptions;
  readonly log: Log;
  /** As last seen on anything but a job read: those have a bucket of their own. */
  rateLimit: RateLimit | undefined;
  readonly #clock: { version: 1 | 2; offsetMs: number };
  #pausedUntilMs = 0;
  #isKeyEchoed = false;

  constructor(options: ClientOptions) {
    this.options = options;
    this.log = createLog(options);
    this.#clock = { version: options.signing === "v1" ? 1 : 2, offsetMs: 0 };
  }

  /** Signs, sends, retries what may be retried, and reads the answer; all within one deadline. */
  async send<Data>(call: Call): Promise<Reply<Data>> {
    const { options } = this;
    const { method, path, timeoutMs = options.timeoutMs ?? 60_000, maxRetries = options.maxRetries ?? 2 } = call;
    const deadlineMs = Date.now() + timeoutMs;
    const { signal, release } = createScope(call.signal, timeoutMs, () => new TimeoutError("request", timeoutMs));
    let isCorrected = false;
    try {
      for (let failures = 0; ; ) {
        await this.#pause(call, deadlineMs, signal);
        try {
          return await this.#attempt<Data>(call, failures + 1, signal);
        } catch (error) {
          if (!isCorrected && this.#correct(error)) {
            isCorrected = true;
            continue;
          }
          if (signal.aborted || !(error instanceof ComfyError && error.retryable) || failures >= maxRetries)
            throw error;
          const delayMs = toDelayMs(error, failures++);
          // A retry that cannot happen in time is not waited for: the error, with the time to wait, is more use now.
          if (Date.now() + delayMs > deadlineMs) throw error;
          this.log("info", `${method} ${path}: ${error.message} Trying again in ${Math.round(delayMs)} ms.`);
          options.hooks?.onRetry?.({ method, url: path, attempt: failures, delayMs, error });
          await sleep(delayMs, signal);
        }
      }
    } finally {
      release();
    }
  }

  /** One attempt whose body the caller reads; for event streams. */
  async open(call: Call, signal: AbortSignal): Promise<Response> {
    const { url, init } = await prepareRequest(this.options, call, this.#clock);
    return this.#fetch(url.href, { ...init, signal });
  }

  #fetch(url: string, init: RequestInit): Promise<Response> {
    // A local name: called as a property of our options, `fetch` is an illegal invocation in Workers.
    const { fetch = globalThis.fetch } = this.options;
    return fetch(url, init);
  }

  /** Holds a call back while the window is known to be exhausted, when it opens in time. */
  async #pause(call: Call, deadlineMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw signal.reason;
    const pauseMs = this.#pausedUntilMs - Date.now();
    const isHeld = this.options.throttle !== false && !call.isPoll && pauseMs > 0 && this.#pausedUntilMs < deadlineMs;
    if (isHeld) await sleep(pauseMs + Math.random() * 250, signal);
  }

  async #attempt<Data>(call: Call, attempt: number, signal: AbortSignal): Promise<Reply<Data>> {
    const { method, idempotencyKey } = call;
    const { hooks } = this.options;
    const { url, init, version } = await prepareRequest(this.options, call, this.#clock);
    const { href, host } = url;
    // A service that takes a version 2 signature is one that honours idempotency keys; any other has to echo the key first.
    const isReplaySafe = isRead(method) || !!(idempotencyKey && (version === 2 || this.#isKeyEchoed));
    hooks?.onRequest?.({ method, url: href, attempt });
    const startedMs = Date.now();
    let response: Response | undefined;
    let text: string;
    try {
      response = await this.#fetch(href, { ...init, signal });
      text = await response.text();
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      const isUnsent = !response && isNeverSent(cause);
      const [code, words] = isUnsent ? ["connection_failed", "could not be made"] : ["connection_lost", "was lost"];
      const fields = { code, retryable: isUnsent || isReplaySafe, idempotencyKey, cause };
      throw new ConnectionError(`The connection to ${host} ${words}.`, fields);
    }
    const { status, headers } = response;
    const body = parseBody(text);
    const requestId = headers.get("X-Request-Id") ?? textOf(body, "requestId");
    const rateLimit = readRateLimit(headers);
    const retryAfterMs = readRetryAfterMs(headers, body, status);
    hooks?.onResponse?.({ method, url: href, attempt, status, requestId, durationMs: Date.now() - startedMs });
    if (idempotencyKey && headers.get("Idempotency-Key")?.includes(idempotencyKey)) this.#isKeyEchoed = true;
    if (!call.isPoll) this.#note(rateLimit, status === 429 ? retryAfterMs : 0);
    if (response.ok && (!call.expect || fieldOf(body, call.expect) !== undefined)) {
      return { data: body as Data, response, requestId, rateLimit };
    }
    const error = toAPIError({ status, headers, body, requestId, rateLimit, retryAfterMs, idempotencyKey });
    throw Object.assign(error, { retryable: isRepeatable(error, isReplaySafe) });
  }

  #note(rateLimit: RateLimit | undefined, pauseMs = 0): void {
    this.rateLimit = rateLimit ?? this.rateLimit;
    const resetMs = rateLimit?.remaining === 0 ? rateLimit.reset.getTime() : 0;
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, resetMs, Date.now() + pauseMs);
  }

  /** Whether a refusal was about our clock or our signature scheme and is corrected now. */
  #correct(error: unknown): boolean {
    if (!(error instanceof AuthenticationError)) return false;
    const { reason, headers } = error;
    const serverMs = Date.parse(headers.get("Date") ?? "");
    if (reason === "clock_skew" && serverMs) {
      this.#clock.offsetMs = serverMs - Date.now();
      return true;
    }
    const isFallback = this.options.signing === "auto" && this.#clock.version === 2 && reason === "bad_signature";
    if (isFallback) this.#clock.version = 1;
    return isFallback;
  }
}
