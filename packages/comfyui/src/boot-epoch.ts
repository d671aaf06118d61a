import { ComfyUiError } from "./errors.ts";
import type { OpenedFile } from "./fetched-file.ts";
import type { ServerFile } from "./outputs.ts";
import type { Socket } from "./socket.ts";
import type { UploadOptions } from "./upload.ts";

export interface BootEpochParts {
  readonly open: (file: ServerFile, options: { signal?: AbortSignal }) => Promise<OpenedFile>;
  readonly upload: (options: UploadOptions) => Promise<unknown>;
  readonly socket: Pick<Socket, "ready" | "connection">;
  /** How long to wait for the socket: without one, nothing is remembered. */
  readonly socketMs: number;
}

export interface BootEpoch {
  /** Remembered while the socket stands, since it cannot outlive its server, unless `isFresh` is asked for. */
  read(signal: AbortSignal, options?: { readonly isFresh?: boolean }): Promise<string>;
  /** To be called when something went wrong that a restart would explain. */
  forget(): void;
}

const marker: ServerFile = { filename: "comfy-boot-epoch.txt", subfolder: "", type: "temp" };
const epochPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * A server has no boot id, but it wipes `temp` when it starts. So a random file there marks this boot: all clients read the same text
 * until the server restarts. Of several that write at the same moment the first wins, since a taken name is never overwritten.
 */
export function createBootEpoch({ open, upload, socket, socketMs }: BootEpochParts): BootEpoch {
  async function readMarker(signal: AbortSignal): Promise<string | undefined> {
    try {
      const { body } = await open(marker, { signal });
      let text = "";
      for await (const chunk of body) text += String(chunk).slice(0, 100);
      return text;
    } catch (error) {
      if (error instanceof ComfyUiError && error.code === "file_gone") return undefined;
      throw error;
    }
  }

  async function ask(signal: AbortSignal): Promise<string> {
    const present = await readMarker(signal);
    if (present !== undefined && epochPattern.test(present)) return present;
    const body = Buffer.from(crypto.randomUUID());
    // A file with other content can only be damaged or foreign, and is replaced.
    await upload({ name: marker.filename, type: "temp", body, overwrite: present !== undefined, signal });
    const written = await readMarker(signal);
    if (written !== undefined && epochPattern.test(written)) return written;
    throw new ComfyUiError(
      "unreadable",
      "The server does not keep files in its temp folder, so restarts cannot be told.",
    );
  }

  let known: { readonly connection: number; readonly epoch: string } | undefined;

  async function read(signal: AbortSignal, { isFresh = false } = {}): Promise<string> {
    await socket.ready(socketMs);
    signal.throwIfAborted();
    const { connection } = socket;
    if (!isFresh && known && known.connection === connection) return known.epoch;
    known = undefined;
    const epoch = await ask(signal);
    if (connection !== undefined && connection === socket.connection) known = { connection, epoch };
    return epoch;
  }

  return {
    read,
    forget() {
      known = undefined;
    },
  };
}
