import type { WebSocket } from "ws";
import type { NumberedEvent } from "../../jobs/follow-job.ts";
import type { Log } from "../../log.ts";

/** Proxies cut connections that are silent for 30 to 60 s; a peer that does not answer until the next one is gone. */
const HEARTBEAT_MS = 15_000;
/** For a peer to answer a close before its connection is cut. */
const GOODBYE_MS = 2_000;

/** Why a socket is closed, as RFC 6455 numbers it. */
const closeCodes = { over: 1000, draining: 1001, unwelcome: 1008, broken: 1011 } as const;

export interface SendEventsOptions {
  /** Aborts what `followed` listens to. */
  readonly over: AbortController;
  readonly draining: AbortSignal;
  readonly isStillWelcome: () => Promise<boolean>;
  readonly log: Log;
}

/**
 * Sends events to one WebSocket, a message each, until the last one; then closes it. Each message waits until the one before has left:
 * meanwhile newer progress overtakes older, and the terminal event is never dropped.
 */
export async function sendEvents(
  socket: WebSocket,
  followed: AsyncIterable<NumberedEvent>,
  { over, draining, isStillWelcome, log }: SendEventsOptions,
): Promise<void> {
  let reason: keyof typeof closeCodes = "over";
  const end = (why: keyof typeof closeCodes) => {
    reason = why;
    over.abort(new Error(`The socket is closed: ${why}.`));
  };
  const drain = () => end("draining");
  socket.once("close", () => end("over"));
  socket.on("error", () => end("broken"));
  draining.addEventListener("abort", drain, { once: true });
  const stopHeartbeat = startHeartbeat(socket, isStillWelcome, () => end("unwelcome"));
  try {
    for await (const numbered of followed) {
      if (over.signal.aborted) break;
      await send(socket, numbered, over.signal);
    }
  } catch (error) {
    if (!over.signal.aborted) {
      log.warn({ error }, "An event socket broke.");
      reason = "broken";
    }
  } finally {
    stopHeartbeat();
    draining.removeEventListener("abort", drain);
    over.abort(new Error("The socket has ended."));
    closeSocket(socket, closeCodes[reason]);
  }
}

// A thousand listeners are told of an end by one and the same event.
const messages = new WeakMap<NumberedEvent, string>();

function toMessage(numbered: NumberedEvent): string {
  const message = messages.get(numbered) ?? JSON.stringify({ id: numbered.id, ...numbered.event });
  messages.set(numbered, message);
  return message;
}

/** Resolves when the message has left, or when nothing is to leave any more. */
function send(socket: WebSocket, numbered: NumberedEvent, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => resolve();
  signal.addEventListener("abort", abort, { once: true });
  socket.send(toMessage(numbered), (error) => (error ? reject(error) : resolve()));
  return promise.finally(() => signal.removeEventListener("abort", abort));
}

function startHeartbeat(socket: WebSocket, isStillWelcome: () => Promise<boolean>, refuse: () => void): () => void {
  let isAlive = true;
  socket.on("pong", () => {
    isAlive = true;
  });
  const beat = async () => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
    if (!(await isStillWelcome())) refuse();
  };
  const timer = setInterval(() => void beat().catch(refuse), HEARTBEAT_MS);
  return () => clearInterval(timer);
}

function closeSocket(socket: WebSocket, code: number): void {
  if (socket.readyState === socket.CLOSED) return;
  const timer = setTimeout(() => socket.terminate(), GOODBYE_MS);
  timer.unref();
  socket.once("close", () => clearTimeout(timer));
  socket.close(code);
}
