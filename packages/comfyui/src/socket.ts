import { type Connection, openConnection } from "./connection.ts";
import type { ComfyUiLog } from "./log.ts";
import type { Timeouts } from "./timeouts.ts";

const RETRY_MS = { first: 100, most: 5_000 };
/** A server whose new socket went silent as well is given this long between two further tries. */
const SUSPICION_MS = 5_000;

/**
 * The one socket of a client. It only ever hints: whoever waits for a prompt also looks at the queue. It connects when somebody is
 * interested and comes back by itself while anybody still is.
 */
export interface Socket {
  /** Counts one more listener; the answer takes it back. */
  hold(): () => void;
  /** Counts connections up; undefined while none stands. The same number twice means that nothing was missed in between. */
  readonly connection: number | undefined;
  /** When something was last heard on it, on the clock of `performance.now()`; 0 before the first word. */
  readonly heardAt: number;
  /** True once the server has greeted us; false when that takes longer than `timeoutMs`. */
  ready(timeoutMs: number): Promise<boolean>;
  /** To be called when the server certainly has something to tell since then: silence until `withinMs` from now means that it forgot us. */
  expectNews(since: number, withinMs: number): void;
  /** The server has news and did not tell them here: connects anew, unless that was done a moment ago. */
  suspect(): void;
  close(): void;
}

export interface SocketOptions {
  readonly url: URL;
  readonly clientId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeouts: Timeouts;
  readonly log: ComfyUiLog;
  /** A connection has ended: what is said now is not heard. */
  readonly onLost: () => void;
  readonly onText: (text: string) => void;
  readonly onBinary: (bytes: Buffer) => void;
}

const toSocketUrl = (url: URL, clientId: string): URL => {
  const target = new URL(url);
  target.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  target.pathname = `${url.pathname.replace(/\/+$/, "")}/ws`;
  target.search = new URLSearchParams({ clientId }).toString();
  return target;
};

export function createSocket(options: SocketOptions): Socket {
  return new ReconnectingSocket(options);
}

class ReconnectingSocket implements Socket {
  readonly #options: SocketOptions;
  readonly #url: URL;
  readonly #waiting = new Set<() => void>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #connection: Connection | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = RETRY_MS.first;
  #isGreeted = false;
  #isMissed = false;
  #isClosed = false;
  #holders = 0;
  #count = 0;
  #heardAt = 0;
  #suspectedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.#url = toSocketUrl(options.url, options.clientId);
  }

  get connection(): number | undefined {
    return this.#isGreeted && this.#connection?.isOpen ? this.#count : undefined;
  }

  get heardAt(): number {
    return this.#heardAt;
  }

  hold(): () => void {
    this.#holders += 1;
    this.#connect();
    let isHeld = true;
    return () => {
      if (isHeld) this.#holders -= 1;
      isHeld = false;
    };
  }

  ready(timeoutMs: number): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false);
    if (this.#isGreeted && this.#connection?.isOpen) return Promise.resolve(true);
    this.#connect();
    // Waited for once in vain: a proxy without WebSockets must not delay every submission.
    if (this.#isMissed) return Promise.resolve(false);
    return new Promise((resolve) => {
      const tell = () => {
        clearTimeout(timer);
        this.#waiting.delete(tell);
        this.#isMissed = !this.#isGreeted;
        resolve(this.#isGreeted);
      };
      const timer = setTimeout(tell, timeoutMs);
      this.#waiting.add(tell);
    });
  }

  expectNews(since: number, withinMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.#isGreeted && this.#heardAt < since) this.suspect();
    }, withinMs);
    timer.unref();
    this.#timers.add(timer);
  }

  suspect(): void {
    const now = performance.now();
    if (!this.#connection || now - this.#suspectedAt < SUSPICION_MS) return;
    this.#suspectedAt = now;
    this.#options.log.warn({}, "The socket to ComfyUI is silent although there is news: connecting anew.");
    // The next one waits for this one's end: when the server notices an old socket's end late, its clean-up forgets the new one too.
    this.#connection.close();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    for (const timer of this.#timers) clearTimeout(timer);
    for (const tell of [...this.#waiting]) tell();
    this.#connection?.close();
  }

  #connect(): void {
    if (this.#isClosed || this.#connection) return;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const { headers, timeouts, log } = this.#options;
    this.#connection = openConnection({
      url: this.#url,
      headers,
      connectMs: timeouts.connectMs,
      pingMs: timeouts.pingMs,
      onMessage: (data, isBinary) => this.#hear(data, isBinary),
      onEnd: ({ code, error }) => {
        this.#connection = undefined;
        this.#isGreeted = false;
        this.#options.onLost();
        if (this.#isClosed) return;
        log.debug({ code, ...(error ? { err: error } : {}) }, "The socket to ComfyUI ended.");
        this.#scheduleRetry();
      },
    });
  }

  #hear(data: Buffer, isBinary: boolean): void {
    this.#heardAt = performance.now();
    if (!this.#isGreeted) {
      this.#isGreeted = true;
      this.#count += 1;
      this.#isMissed = false;
      this.#retryMs = RETRY_MS.first;
      for (const tell of [...this.#waiting]) tell();
    }
    if (isBinary) this.#options.onBinary(data);
    else this.#options.onText(data.toString("utf8"));
  }

  #scheduleRetry(): void {
    const isWanted = this.#holders > 0 || this.#waiting.size > 0;
    if (!isWanted || this.#retry) return;
    // Half of the delay is random, so that many clients of one server do not come back in the same instant.
    const delayMs = this.#retryMs / 2 + (this.#retryMs / 2) * Math.random();
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS.most);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#connect();
    }, delayMs);
  }
}
