import type { Readable } from "node:stream";

interface FileFacts {
  readonly sizeBytes?: number;
  readonly contentType: string;
}

/** A file on its way. Consume or destroy `body`; it fails with a ComfyUiError, `truncated` when bytes are missing. */
export interface OpenedFile extends FileFacts {
  readonly body: Readable;
}

/** A file that is here. */
export interface GatheredFile extends FileFacts {
  readonly bytes: Uint8Array;
}

/** Memory for exactly so many bytes, or undefined when there is none to spare. */
export type Allot = (sizeBytes: number) => Uint8Array | undefined;
