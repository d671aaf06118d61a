const reasons: readonly (readonly [RegExp, string])[] = [
  // The word is what whoever sends scripts looks for.
  [/NOSCRIPT/, "NOSCRIPT: Upstash does not know this script yet."],
  [/WRONGPASS|unauthorized|NOAUTH/i, "Upstash refused the token in UPSTASH_REDIS_REST_TOKEN."],
  [/NOPERM/i, "The token in UPSTASH_REDIS_REST_TOKEN may not run scripts; a read-only one is not enough."],
  [/max (daily )?requests? limit/i, "The request limit of this Upstash database is used up."],
  [/unable to parse response/i, "UPSTASH_REDIS_REST_URL answered with something else than JSON."],
];

const codeOf = (error: unknown): string | undefined =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;

/**
 * An error of the Upstash client as a sentence. The client's own message ends with the command and its values, so neither it nor the error
 * that carries it is passed on.
 */
export function toStoreError(thrown: unknown): Error {
  const text = thrown instanceof Error ? thrown.message : "";
  const known = reasons.find(([pattern]) => pattern.test(text));
  if (known) return new Error(known[1]);
  if (thrown instanceof Error && ["TimeoutError", "AbortError"].includes(thrown.name))
    return new Error("Upstash did not answer in time.");
  if (thrown instanceof TypeError && text === "fetch failed") {
    const code = codeOf(thrown.cause);
    return new Error(`Upstash cannot be reached${code ? ` (${code})` : ""}.`);
  }
  return new Error("Upstash refused a command.");
}
