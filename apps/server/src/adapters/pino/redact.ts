const STRUCK = "[redacted]";
/** Deeper than any field of ours; a stranger's object may be a circle. */
const DEPTH_MAX = 8;
const ITEMS_MAX = 100;

const secretName =
  /^(x[-_]?api[-_]?key|api[-_]?key|x[-_]?signature|authorization|proxy-authorization|cookie|set-cookie|webhook-signature|sig|ticket|(access|refresh)?[-_]?token)$|secret|password/i;
/** `sig=…` and its like in addresses, `user:password@` before a host, and keys that a sentence quotes. */
const secretInText: readonly (readonly [RegExp, string])[] = [
  [/([?&](?:sig|signature|token|ticket|key|api_?key|x-amz-signature|x-amz-credential)=)[^&\s"'#]+/gi, `$1${STRUCK}`],
  // Schemes are short. Without an end to them a path of 16 kB took 0.16 s, and paths are logged before anybody is known.
  [/(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@]+@/gi, `$1${STRUCK}@`],
  [/\b((?:x-api-key|x-signature|authorization)["']?\s*[:=]\s*["']?(?:bearer\s+|basic\s+)?)[^\s"',;]+/gi, `$1${STRUCK}`],
  [/\b((?:free|basic|pro|enterprise)_)[A-Za-z0-9_-]{8,}/g, `$1${STRUCK}`],
  // What the service makes says itself what it is.
  [/\b(comfy_(?:key|secret|token)_|whsec_|rt_)[A-Za-z0-9_+/=-]{8,}/g, `$1${STRUCK}`],
  // A JWT. It begins where the word does, so that a long word is walked through once.
  [/(?<![\w-])(eyJ)[\w-]+\.[\w-]+\.[\w-]*/g, `$1${STRUCK}`],
];

/** A copy of a value that is fit for a log: secrets struck out, errors with their causes, nothing endless. */
export function redact(value: string): string;
export function redact(value: unknown, name?: string, depth?: number): unknown;
export function redact(value: unknown, name = "", depth = 0): unknown {
  if (value === undefined || value === null) return value;
  if (secretName.test(name)) return STRUCK;
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object") return typeof value === "function" ? "[function]" : value;
  if (depth >= DEPTH_MAX) return "[deep]";
  if (value instanceof Error) return redactError(value, depth);
  if (value instanceof Date) return value.toJSON();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, ITEMS_MAX).map((item) => redact(item, "", depth + 1));
  // Errors of libraries drag their sockets and clients along: pages of internals, credentials among them.
  return isPlain(value) ? redactFields(value, depth) : `[${value.constructor?.name ?? "object"}]`;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Every pattern needs one of these: most texts (ids, words, paths) have none. */
const SUSPECT = /[=:@_]|eyJ/;

function redactText(text: string): string {
  if (!SUSPECT.test(text)) return text;
  return secretInText.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
}

function redactFields(value: object, depth: number): Record<string, unknown> {
  try {
    const entries = Object.entries(value).slice(0, ITEMS_MAX);
    return Object.fromEntries(entries.map(([name, item]) => [name, redact(item, name, depth + 1)]));
  } catch {
    // A getter that throws must not turn a log line into a failure.
    return { unreadable: true };
  }
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause, ...rest } = error;
  return {
    type: name,
    message: redactText(message),
    ...(stack !== undefined && { stack: redactText(stack) }),
    ...(cause !== undefined && { cause: redact(cause, "", depth + 1) }),
    ...redactFields(rest, depth),
  };
}
