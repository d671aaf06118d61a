import type { Dispatcher } from "undici";
import { createBootEpoch } from "./boot-epoch.ts";
import { createCancel } from "./cancel.ts";
import { createDiscovery } from "./discovery.ts";
import { createFinder, type PromptState } from "./find.ts";
import { createFollow } from "./follow.ts";
import { createHttp } from "./http.ts";
import { type ComfyUiLog, silentLog } from "./log.ts";
import { createOpenFile } from "./open-file.ts";
import { createSocket } from "./socket.ts";
import { createSubmit } from "./submit.ts";
import { defaultTimeouts, type Timeouts } from "./timeouts.ts";
import { createTracks } from "./tracks.ts";
import { createUpload } from "./upload.ts";

export interface ComfyUiOptions {
  /** Where the server is, e.g. `http://127.0.0.1:8188`; a path before the routes is kept. */
  readonly url: string;
  /** Sent with every request and with the socket, e.g. an authorization for a proxy. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose messages come to our socket. A fresh random one per client unless given; never share one between processes. */
  readonly clientId?: string;
  /** An undici dispatcher to send through; it is not closed with the client. */
  readonly dispatcher?: Dispatcher;
  readonly timeouts?: Partial<Timeouts>;
  readonly log?: ComfyUiLog;
}

export type ComfyUi = ReturnType<typeof createComfyUi>;

const takeBackMs = 10_000;

/** The address without its credentials, which become a header, and without query and fragment, which mean nothing here. */
function parseUrl(text: string): { url: URL; headers: Record<string, string> } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new TypeError("The address of a ComfyUI server must look like http://host:8188.");
  }
  const { username, password } = url;
  url.username = "";
  url.password = "";
  url.search = "";
  url.hash = "";
  if (!username && !password) return { url, headers: {} };
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64");
  return { url, headers: { authorization: `Basic ${credentials}` } };
}

/**
 * A client of one ComfyUI server. Nothing is connected before the first call; `close` it when done.
 *
 * @example
 * const comfy = createComfyUi({ url: "http://127.0.0.1:8188" });
 * const submitted = await comfy.submit({ promptId: crypto.randomUUID(), graph });
 * if (submitted.type === "accepted") console.log(await comfy.follow({ promptId }));
 */
export function createComfyUi(options: ComfyUiOptions) {
  const { log = silentLog, clientId = crypto.randomUUID() } = options;
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const address = parseUrl(options.url);
  const headers = { ...address.headers, ...options.headers };
  const http = createHttp({ url: address.url, headers, timeouts, dispatcher: options.dispatcher });
  const tracks = createTracks();
  const socket = createSocket({
    url: address.url,
    clientId,
    headers,
    timeouts,
    log,
    onLost: tracks.wakeAll,
    onText: tracks.hearText,
    onBinary: tracks.hearBinary,
  });
  const finder = createFinder(http, timeouts.pollMs / 2);
  const cancel = createCancel(http, finder);
  const { open, fetch } = createOpenFile(http, timeouts.requestMs);
  const upload = createUpload(http);
  const epoch = createBootEpoch({ open, upload, socket, socketMs: timeouts.socketMs });
  const takeBack = (promptId: string) => cancel({ promptId, signal: AbortSignal.timeout(takeBackMs) });

  return {
    clientId,
    submit: createSubmit({ http, socket, tracks, clientId, timeouts, log, takeBack, onTrouble: epoch.forget }),
    follow: createFollow({ finder, socket, tracks, timeouts, log }),
    /** One look: at the queue first, at the history second. */
    find: (promptId: string, signal?: AbortSignal): Promise<PromptState> =>
      finder.find(promptId, { notBefore: performance.now(), signal }),
    cancel,
    open,
    /** The same, at once and cheaper, when it finds memory for the whole file. */
    fetch,
    upload,
    /** Another text after each restart of the server. */
    bootEpoch: epoch.read,
    ...createDiscovery(http),
    /** Ends the socket and all requests; whoever waits gets a ComfyUiError `closed`. */
    async close(): Promise<void> {
      socket.close();
      await http.close();
    },
  };
}
