import { Agent, request } from "node:http";

export interface Answer {
  readonly status: number;
  /** Lowercase names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
  /** Reading stopped before the end: the answer goes on for as long as anybody listens. */
  readonly isCut: boolean;
}

export interface WireRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

const TIMEOUT_MS = 60_000;
/** A stream of events is left after its first words. */
const STREAM_MS = 100;

/** @throws Error when there is no answer, or none in a minute */
export type Send = (wire: WireRequest) => Promise<Answer>;

export function createSend(origin: string): Send & Disposable {
  const { hostname, port } = new URL(origin);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const send: Send = ({ method, target, headers, body }) => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const length = body && method !== "GET" ? { "content-length": String(body.byteLength) } : {};
    const sent = request({ hostname, port, method, path: target, agent, headers: { ...headers, ...length } });
    const timer = setTimeout(() => sent.destroy(new Error("There was no answer in a minute.")), TIMEOUT_MS);
    sent.once("error", reject);
    sent.once("close", () => clearTimeout(timer));
    sent.once("response", (response) => {
      const chunks: Buffer[] = [];
      const answered = Object.entries(response.headers).map(([name, value]) => [name, [value ?? ""].flat().join(", ")]);
      const end = (isCut: boolean) => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: Object.fromEntries(answered), bytes, isCut });
        if (isCut) sent.destroy();
      };
      if (response.headers["content-type"]?.startsWith("text/event-stream")) setTimeout(() => end(true), STREAM_MS);
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => end(false));
    });
    sent.end(method === "GET" ? undefined : body);
    return promise;
  };
  return Object.assign(send, { [Symbol.dispose]: () => agent.destroy() });
}
