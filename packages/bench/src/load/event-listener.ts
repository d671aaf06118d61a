import { type Dispatcher, request } from "undici";

export interface EventListener {
  /** Resolves with the first event: the listener is in place. */
  readonly started: Promise<void>;
  /** When the event that ends the stream arrived, in Unix milliseconds. */
  readonly ended: Promise<number>;
}

/** Listens, with the headers that prove who is calling, to a job's server-sent events until the one that ends them. */
export function listen(
  url: string,
  proof: Readonly<Record<string, string>>,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): EventListener {
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<number>();
  const run = async () => {
    const headers = { ...proof, accept: "text/event-stream" };
    const { statusCode, body } = await request(url, { headers, dispatcher, signal });
    if (statusCode !== 200) throw new Error(`GET ${new URL(url).pathname}: ${statusCode} ${await body.text()}`);
    let text = "";
    for await (const chunk of body) {
      text += String(chunk);
      if (text.includes("\n\n")) started.resolve();
      if (/^data: \{"type":"(completed|failed|cancelled)"/m.test(text)) {
        ended.resolve(Date.now());
        return;
      }
    }
    throw new Error("The stream ended without the event that ends it.");
  };
  run().catch((error: unknown) => {
    started.reject(error);
    ended.reject(error);
  });
  // Who waits for the one hears of it; the other must not end the process.
  started.promise.catch(() => {});
  ended.promise.catch(() => {});
  return { started: started.promise, ended: ended.promise };
}
