import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import busboy from "busboy";
import { AppError } from "../errors.ts";

/** The part named `file`, while it arrives. */
export interface FilePart {
  /** As the caller's machine calls it. */
  readonly name: string;
  /** The short text parts that came before it. */
  readonly fields: ReadonlyMap<string, string>;
  /** Ends when the whole form has arrived and was found to be what its sender sent; fails otherwise, so that nothing of it is kept. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface FormOptions {
  readonly headers: IncomingMessage["headers"];
  /** The form as it arrives. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly sizeBytesMax: number;
  /** Text parts that mean something; they must come before the file. */
  readonly fields: readonly string[];
  /** Called once, when the last byte has arrived. Throws when the form is not to be believed. */
  readonly settle: () => Promise<void>;
}

const NO_FILE = "file: expected one part named file with a file name, got none.";

const malformed = (cause: unknown) =>
  cause instanceof AppError
    ? cause
    : new AppError("invalid_input", "The body is not valid multipart/form-data.", { cause });

const noFile = () =>
  new AppError("invalid_input", NO_FILE, { details: [{ path: "file", message: "expected a file, got nothing" }] });

function createParser({ headers, sizeBytesMax }: FormOptions) {
  try {
    return busboy({
      headers,
      // Without this a file name in UTF-8 arrives as mojibake.
      defParamCharset: "utf8",
      limits: { files: 1, fields: 10, fieldSize: 4096, parts: 12, fileSize: sizeBytesMax },
    });
  } catch (error) {
    throw malformed(error);
  }
}

/** Hands the form to the parser, no faster than the file is taken away. */
async function feed(parser: busboy.Busboy, { body, settle }: FormOptions, signal: AbortSignal): Promise<void> {
  const closed = once(parser, "close", { signal });
  // It may fail while nobody waits for it.
  closed.catch(() => undefined);
  try {
    for await (const chunk of body) {
      if (!parser.write(chunk)) await Promise.race([once(parser, "drain", { signal }), closed]);
      signal.throwIfAborted();
    }
    parser.end();
    await closed;
  } catch (error) {
    // Ends the part that is being read as well: its reader would wait for ever for the rest.
    parser.destroy();
    throw malformed(error);
  }
  await settle();
}

/**
 * Gives the one part named `file` to `store` while it arrives; what `store` makes of it comes back once the whole form is proven.
 * @throws AppError `invalid_input`, `payload_too_large`; what `store`, the body and `settle` throw
 */
export async function storeFilePart<T>(options: FormOptions, store: (part: FilePart) => Promise<T>): Promise<T> {
  const parser = createParser(options);
  const over = new AbortController();
  const fields = new Map<string, string>();
  const late = new Set<string>();
  const refused = Promise.withResolvers<never>();
  refused.promise.catch(() => undefined);
  let stored: Promise<T> | undefined;

  async function* readPart(part: Readable & { truncated?: boolean }): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* part;
    } catch (error) {
      // The form broke off; why is what the feeding found.
      await fed;
      throw malformed(error);
    }
    const { sizeBytesMax } = options;
    if (part.truncated) throw new AppError("payload_too_large", `file: expected at most ${sizeBytesMax} bytes.`);
    await fed;
    for (const name of late) {
      const message = "expected before the file, since the file is worked on while it arrives";
      throw new AppError("invalid_input", `${name}: ${message}.`, { details: [{ path: name, message }] });
    }
  }

  parser.on("error", () => undefined);
  parser.on("field", (name, value) => {
    if (!options.fields.includes(name)) return;
    if (stored !== undefined) late.add(name);
    else fields.set(name, value);
  });
  parser.on("file", (field, part, { filename }) => {
    // A form that breaks off ends its part with an error, also one that nobody reads.
    part.on("error", () => undefined);
    if (field !== "file" || stored !== undefined) return void part.resume();
    stored = store({ name: filename || "upload", fields, body: readPart(part) });
    // What is refused needs no more bytes: the feeding would wait for ever for somebody to take them.
    stored.catch((error: unknown) => {
      refused.reject(error);
      over.abort(error);
    });
  });
  const fed = feed(parser, options, over.signal);
  // Its reader may be gone by then.
  fed.catch(() => undefined);
  try {
    await Promise.race([fed, refused.promise]);
  } catch (error) {
    // Where both fail, what was stored knows the reason, or waits for it.
    await stored;
    throw error;
  }
  if (stored === undefined) throw noFile();
  return await stored;
}
