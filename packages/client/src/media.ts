/** Whether a value is a file's bytes rather than a reference to a file. */
const isFile = (value: unknown): value is Blob | Uint8Array => value instanceof Uint8Array || value instanceof Blob;

/** Gives the reference of an uploaded file. */
type Upload = (file: Blob | Uint8Array) => Promise<string>;

const isPlainObject = (value: unknown): value is Record<string, unknown> => {
  const prototype = typeof value === "object" && value !== null && Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/**
 * A copy of an input in which every file is replaced by what `upload` gives for it. Arrays and plain objects are walked, each property
 * read once; everything else (dates, instances of your classes) stays as it is for JSON to print.
 */
export async function replaceFiles(input: unknown, upload: Upload): Promise<unknown> {
  if (isFile(input)) return upload(input);
  if (Array.isArray(input)) return Promise.all(input.map((item) => replaceFiles(item, upload)));
  if (!isPlainObject(input)) return input;
  const entries = Object.entries(input).map(async ([key, value]) => [key, await replaceFiles(value, upload)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/**
 * A file as the bytes of a multipart form and their content type. The runtime prints the form; it is held in memory because
 * the signature covers the digest of all of it.
 */
export async function toMultipart(
  file: Blob | Uint8Array,
  name: string | undefined,
): Promise<{ body: Uint8Array<ArrayBuffer>; contentType: string }> {
  const form = new FormData();
  const blob = file instanceof Blob ? file : new Blob([new Uint8Array(file)]);
  form.append("file", blob, name ?? (blob as { name?: string }).name ?? "upload");
  const printed = new Response(form);
  const contentType = printed.headers.get("Content-Type") ?? "";
  return { body: new Uint8Array(await printed.arrayBuffer()), contentType };
}
