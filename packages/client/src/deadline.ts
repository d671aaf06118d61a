// Above 2^31 - 1 ms a timer fires at once.
const TIMER_MAX_MS = 2 ** 31 - 1;

/** A signal that ends with the caller's own or with a deadline. `release` takes timer and listener away again. */
export interface Scope {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
  release(): void;
}

/**
 * Binds a caller's signal and a deadline into one. Not `AbortSignal.any` with `AbortSignal.timeout`: older Safari lacks the first,
 * and neither lets go of the caller's signal before it fires.
 */
export function createScope(outer?: AbortSignal, timeoutMs = TIMER_MAX_MS, reason?: () => unknown): Scope {
  const controller = new AbortController();
  const abort = (why?: unknown) => controller.abort(why);
  const onAbort = () => abort(outer?.reason);
  const timer = setTimeout(() => abort(reason?.()), Math.min(timeoutMs, TIMER_MAX_MS));
  if (outer?.aborted) onAbort();
  outer?.addEventListener("abort", onAbort);
  return {
    signal: controller.signal,
    abort,
    release() {
      clearTimeout(timer);
      outer?.removeEventListener("abort", onAbort);
    },
  };
}

/** Waits; rejects with the signal's reason as soon as it aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(end, Math.min(ms, TIMER_MAX_MS));
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
