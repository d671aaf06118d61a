/**
 * The same stream, ended by `signal` even while its source is silent. A source that hangs is told to stop but not waited for.
 * Throws the signal's reason.
 */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void, void> {
  signal.throwIfAborted();
  let abort = () => {};
  const onAbort = () => abort();
  signal.addEventListener("abort", onAbort, { once: true });
  const iterator = source[Symbol.asyncIterator]();
  // Not Promise.race: against one promise for the whole stream, it would keep something of every chunk until the end.
  const read = () =>
    new Promise<IteratorResult<T>>((resolve, reject) => {
      signal.throwIfAborted();
      abort = () => reject(signal.reason);
      iterator.next().then(resolve, reject);
    });
  let isEnded = false;
  try {
    for (;;) {
      const next = await read();
      isEnded = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    if (!isEnded) Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}
