/** Recorded and received data differ in ids, times and counters: these give way to fixed words before the two are compared. */

const TEMP_NAME = /ComfyUI_temp_[a-z]{5}_\d{5}_/g;
const COUNTER = /_\d{5}_(?=\.[a-z0-9]+$)/g;
/** Lists that a server fills from a set: their order means nothing. */
const UNORDERED = new Set(["nodes", "executed", "current_outputs", "dependent_outputs"]);
/** Words for people inside an input's options; the recordings were made without them. */
const TOOLTIP = "tooltip";
const ERASED: Readonly<Record<string, unknown>> = {
  timestamp: 0,
  traceback: ["<traceback>"],
  sid: "<client>",
  client_id: "<client>",
  prompt_id: "<prompt>",
};

function normaliseText(text: string): string {
  if (text.includes("tensor(")) {
    return "<tensor>";
  }
  return text.replace(TEMP_NAME, "<temp>").replace(COUNTER, "_<counter>_");
}

function normaliseEntry(key: string, value: unknown): unknown {
  if (Object.hasOwn(ERASED, key)) {
    return value === null || value === undefined ? value : ERASED[key];
  }
  const normal = normalise(value);
  return UNORDERED.has(key) && Array.isArray(normal) ? normal.toSorted() : normal;
}

export function normalise(value: unknown): unknown {
  if (typeof value === "string") {
    return normaliseText(value);
  }
  if (Array.isArray(value)) {
    return value.map(normalise);
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([key]) => key !== TOOLTIP);
    return Object.fromEntries(entries.map(([key, inner]) => [key, normaliseEntry(key, inner)]));
  }
  return value;
}

/** What of `actual` the old recording knows: newer servers add keys, which is no difference. */
export function keepKnown(actual: unknown, known: unknown): unknown {
  if (Array.isArray(actual) && Array.isArray(known)) {
    return actual.map((item, index) => keepKnown(item, known[index]));
  }
  if (
    typeof actual === "object" &&
    actual !== null &&
    typeof known === "object" &&
    known !== null &&
    !Array.isArray(known)
  ) {
    const inner = new Map(Object.entries(known));
    return Object.fromEntries(
      Object.entries(actual).flatMap(([key, value]) =>
        inner.has(key) ? [[key, keepKnown(value, inner.get(key))]] : [],
      ),
    );
  }
  return actual;
}
