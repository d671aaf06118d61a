import type { Form } from "../evidence/records.ts";
import type { Random } from "../random.ts";

/** One thing a customer wants, with how it goes about it. */
export interface Errand {
  readonly kind: "image" | "portrait" | "tts";
  readonly form: Form;
  /** The Idempotency-Key of every try. */
  readonly key: string;
  readonly hasCallback: boolean;
  /** Sent twice at once. */
  readonly isDoubled: boolean;
  /** Milliseconds from the acceptance to the wish to have it no more. */
  readonly cancelAfterMs?: number;
  readonly text: string;
}

const kinds = [
  { kind: "image", weight: 8 },
  { kind: "portrait", weight: 1 },
  { kind: "tts", weight: 1 },
] as const;

export function drawErrand(n: number, seed: number, random: Random): Errand {
  const form: Form = random.chance(0.25) ? "sync" : "async";
  const isCancelled = form === "async" && random.chance(0.15);
  return {
    kind: random.weighted(kinds).kind,
    form,
    key: `chaos-${seed}-${n}`,
    hasCallback: random.chance(0.85),
    isDoubled: random.chance(0.1),
    ...(isCancelled && { cancelAfterMs: random.integer(0, 4_000) }),
    // No two alike: the second would come out of the cache of the backend, and nothing would be struck meanwhile.
    text: `errand ${n} of seed ${seed}`,
  };
}

/** The smallest of its kind: what takes time here is to sleep, not to paint. */
export function toBody({ kind, form, hasCallback, text }: Errand, callbackUrl: string): object {
  const callback = form === "async" && hasCallback ? { callbackUrl } : {};
  if (kind === "image") return { prompt: text, width: 64, height: 64, ...callback };
  if (kind === "portrait") return { description: text, width: 256, height: 256, ...callback };
  return { text, ...callback };
}
