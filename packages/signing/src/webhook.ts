import { type BytesInput, fromBase64, joinBytes, type PlainBytes, toBase64 } from "./bytes.ts";
import { type HeadersInput, readHeader } from "./headers.ts";
import { hmacSha256, timingSafeEqualHex } from "./hmac.ts";

/** How old or how far ahead a delivery may be, in seconds, when nothing else is asked. */
export const WEBHOOK_TOLERANCE_SECONDS = 300;

const PREFIX = "whsec_";

/** The `whsec_…` text of a webhook key (24 to 64 bytes; 32 from `deriveKey`). */
export const toWebhookSecret = (key: Uint8Array): string => PREFIX + toBase64(key);

function keyOf(secret: string): PlainBytes {
  const key = fromBase64(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret);
  if (!key?.length) throw new TypeError("The webhook secret is malformed: expected whsec_ followed by base64.");
  return key;
}

async function signatureOf(secret: string, id: string, timestamp: string, body: BytesInput): Promise<string> {
  return `v1,${toBase64(await hmacSha256(keyOf(secret), joinBytes(`${id}.${timestamp}.`, body)))}`;
}

const toList = (secret: string | readonly string[]): readonly string[] =>
  typeof secret === "string" ? [secret] : secret;

/** What {@link signWebhook} signs. */
export interface SignWebhookOptions {
  /** Same over all tries of one delivery, so that the receiver can drop repeats. Without dots: the dot separates what is signed. */
  readonly id: string;
  /** Unix seconds of this try. */
  readonly timestampSeconds: number;
  readonly body: BytesInput;
  /** `whsec_…`; several while a secret is being replaced. */
  readonly secret: string | readonly string[];
}

/** The Standard Webhooks headers (`webhook-id`, `webhook-timestamp`, `webhook-signature`) of one delivery. */
export async function signWebhook(options: SignWebhookOptions): Promise<Record<string, string>> {
  const { id, body } = options;
  if (!id || id.includes(".")) throw new TypeError(`The webhook id "${id}" is refused: expected text without dots.`);
  const timestamp = String(options.timestampSeconds);
  const signatures = await Promise.all(
    toList(options.secret).map((secret) => signatureOf(secret, id, timestamp, body)),
  );
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}

/** What {@link verifyWebhook} compares. */
export interface VerifyWebhookOptions {
  readonly headers: HeadersInput;
  /** The raw body as it arrived: parsing and printing it again changes the bytes. */
  readonly body: BytesInput;
  /** `whsec_…`; several while a secret is being replaced. Any one may match. */
  readonly secret: string | readonly string[];
  /** Seconds either way; 300 when absent. */
  readonly toleranceSeconds?: number;
  /** Unix milliseconds; now when absent. */
  readonly nowMs?: number;
}

/** What {@link verifyWebhook} found. `stale` also means from the future: a clock is wrong, or the delivery was replayed. */
export type VerifyWebhookOutcome =
  | { readonly ok: true; readonly id: string; readonly timestampSeconds: number }
  | { readonly ok: false; readonly reason: "missing_header" | "stale" | "bad_signature"; readonly message: string };

const refuse = (reason: "missing_header" | "stale" | "bad_signature", message: string): VerifyWebhookOutcome => ({
  ok: false,
  reason,
  message,
});

/**
 * Checks a delivery's signature (constant time, every signature against every secret) and its age.
 * Drop a delivery whose `id` was seen before: a sender repeats what was not answered.
 */
export async function verifyWebhook(options: VerifyWebhookOptions): Promise<VerifyWebhookOutcome> {
  const { headers, body, toleranceSeconds = WEBHOOK_TOLERANCE_SECONDS, nowMs = Date.now() } = options;
  const id = readHeader(headers, "webhook-id");
  const timestamp = readHeader(headers, "webhook-timestamp");
  const signature = readHeader(headers, "webhook-signature");
  if (!id) return refuse("missing_header", "The webhook-id header is missing.");
  if (!timestamp) return refuse("missing_header", "The webhook-timestamp header is missing.");
  if (!signature) return refuse("missing_header", "The webhook-signature header is missing.");
  let matches = false;
  for (const secret of toList(options.secret)) {
    const expected = await signatureOf(secret, id, timestamp, body);
    for (const given of signature.split(" ")) matches = timingSafeEqualHex(expected, given) || matches;
  }
  if (!matches) return refuse("bad_signature", "No webhook signature matches: another secret, or a changed body.");
  if (!/^\d+$/.test(timestamp) || !(Math.abs(nowMs / 1000 - Number(timestamp)) <= toleranceSeconds)) {
    return refuse("stale", `The webhook timestamp is not within ${toleranceSeconds} seconds of now.`);
  }
  return { ok: true, id, timestampSeconds: Number(timestamp) };
}
