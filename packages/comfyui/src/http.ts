import type { Readable } from "node:stream";
import { Agent, type Dispatcher, request } from "undici";
import type * as z from "zod";
import { ComfyUiError, toComfyUiError, toStatusError } from "./errors.ts";
import { parseJson } from "./json.ts";
import type { Timeouts } from "./timeouts.ts";

/** A queue of thousands of graphs has tens of megabytes; more than this is not an answer but an attack. */
const TEXT_BYTES_MAX = 256 * 1024 * 1024;

const KEEP_ALIVE_MS = 30_000;

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
  readonly signal?: AbortSignal | undefined;
}

export interface TextAnswer {
  readonly status: number;
  readonly text: string;
}

/** HTTP to one server. Everything it throws is a ComfyUiError, except the reason of the caller's own abort. */
export interface Http {
  /** Opens an answer of any status; the caller consumes or destroys the body. No deadline but those between chunks. */
  open(options: HttpRequest): Promise<Dispatcher.ResponseData>;
  /** Tells `handler` of the answer, of any status, as it comes: `open` without a stream. Throws only before anything was sent. */
  dispatch(options: Pick<HttpRequest, "method" | "path" | "query">, handler: Dispatcher.DispatchHandler): void;
  /** A whole answer of any status, within `timeoutMs`. */
  send(options: HttpRequest & { readonly timeoutMs?: number }): Promise<TextAnswer>;
  /** A 200 answer read through a schema. */
  read<Schema extends z.ZodType>(schema: Schema, options: HttpRequest): Promise<z.infer<Schema>>;
  close(): Promise<void>;
}

export interface HttpOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeouts: Timeouts;
  readonly dispatcher?: Dispatcher | undefined;
}

/** Reads an untrusted answer. */
export function parseAnswer<Schema extends z.ZodType>(schema: Schema, text: string, what: string): z.infer<Schema> {
  try {
    const parsed = schema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw new ComfyUiError(
      "unreadable",
      `${what}: unexpected answer at "${issue?.path.join(".")}": ${issue?.message}.`,
    );
  } catch (error) {
    if (error instanceof ComfyUiError) throw error;
    throw new ComfyUiError("unreadable", `${what}: the answer is not JSON (${text.slice(0, 100)}).`, { cause: error });
  }
}

async function readText(body: AsyncIterable<Uint8Array>, what: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > TEXT_BYTES_MAX) throw new ComfyUiError("unreadable", `${what}: more than ${TEXT_BYTES_MAX} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

export function createHttp({ url, headers, timeouts, dispatcher }: HttpOptions): Http {
  // A submission, the shared look at the queue, one history read per followed prompt and a few transfers run at the same time.
  const agent =
    dispatcher ??
    new Agent({
      connections: 32,
      // A new connection for every job of a quiet minute costs round trips; the server keeps them for 75 s.
      keepAliveTimeout: KEEP_ALIVE_MS,
      connect: { timeout: timeouts.connectMs },
      headersTimeout: timeouts.submitMs,
      bodyTimeout: timeouts.chunkMs,
    });
  const base = url.pathname.replace(/\/+$/, "");
  let isClosed = false;
  const describe = ({ method, path }: HttpRequest) => `${method} ${path}`;

  function toTarget(options: HttpRequest): URL {
    if (isClosed) throw new ComfyUiError("closed", `${describe(options)}: the client is closed.`, { isUnsent: true });
    const search = new URLSearchParams(options.query).toString();
    return new URL(`${url.origin}${base}${options.path}${search ? `?${search}` : ""}`);
  }

  const open: Http["open"] = async (options) => {
    const { method, body, signal } = options;
    signal?.throwIfAborted();
    const target = toTarget(options);
    try {
      return await request(target, {
        method,
        dispatcher: agent,
        headers: { ...headers, ...options.headers },
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw toComfyUiError(error, describe(options));
    }
  };

  const send: Http["send"] = async ({ timeoutMs = timeouts.requestMs, ...options }) => {
    options.signal?.throwIfAborted();
    const deadline = AbortSignal.timeout(timeoutMs);
    const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
    try {
      const answer = await open({ ...options, signal });
      return { status: answer.statusCode, text: await readText(answer.body, describe(options)) };
    } catch (error) {
      options.signal?.throwIfAborted();
      throw toComfyUiError(error, describe(options));
    }
  };

  return {
    open,
    dispatch(options, handler) {
      const { origin, pathname, search } = toTarget(options);
      agent.dispatch({ origin, path: pathname + search, method: options.method, headers }, handler);
    },
    send,
    async read(schema, options) {
      const { status, text } = await send(options);
      if (status !== 200) throw toStatusError(status, describe(options), text);
      return parseAnswer(schema, text, describe(options));
    },
    close: async () => {
      isClosed = true;
      if (!dispatcher) await agent.destroy();
    },
  };
}
