import type { Allot, OpenedFile } from "./fetched-file.ts";
import type { Http } from "./http.ts";
import type { ServerFile } from "./outputs.ts";
import { Receiver } from "./receiver.ts";

/**
 * Opens a file: a stream in constant memory, or, where the size is announced and `allot` gives memory for it, the whole file at once, which
 * costs a fraction of a stream. The deadline is between chunks, so that a long video may take its time.
 */
export function createOpenFile(http: Http, firstByteMs: number) {
  function start(file: ServerFile, signal: AbortSignal | undefined, allot?: Allot): Receiver {
    const query = { filename: file.filename, subfolder: file.subfolder, type: file.type };
    const name = `${file.type}/${file.subfolder ? `${file.subfolder}/` : ""}${file.filename}`;
    const receiver = new Receiver({ what: "GET /view", name, firstByteMs, signal, allot });
    receiver.start((handler) => http.dispatch({ method: "GET", path: "/view", query }, handler));
    return receiver;
  }

  return {
    async open(file: ServerFile, { signal }: { signal?: AbortSignal } = {}): Promise<OpenedFile> {
      const opened = await start(file, signal).received;
      if ("body" in opened) return opened;
      throw new Error("A file that got no memory comes as a stream.");
    },
    fetch: (file: ServerFile, { signal, allot }: { signal?: AbortSignal; allot: Allot }) =>
      start(file, signal, allot).received,
  };
}
