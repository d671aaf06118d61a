/**
 * The same stream, ended by `signal` even while its source is silent. A source that hangs is told to stop but not waited for.
 * Throws the signal's reason.
 */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void, void> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  // Every read races with it; when none is under way its rejection has no other listener.
  aborted.catch(() => undefined);
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const iterator = source[Symbol.asyncIterator]();
  let isEnded = false;
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted]);
      isEnded = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    if (!isEnded) Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}
