/** Headers as any server framework hands them over: Fetch `Headers`, or a plain object in any letter case (Node's included). */
export type HeadersInput =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

const isFetchHeaders = (headers: HeadersInput): headers is { get(name: string): string | null } =>
  typeof headers.get === "function";

/** One header's value, trimmed; undefined when it is missing or empty. A repeated header is joined with `, ` as HTTP does. */
export function readHeader(headers: HeadersInput, name: string): string | undefined {
  if (isFetchHeaders(headers)) return headers.get(name)?.trim() || undefined;
  const entry = Object.entries(headers).find(([key]) => key.toLowerCase() === name);
  return (typeof entry?.[1] === "string" ? entry[1] : entry?.[1]?.join(", "))?.trim() || undefined;
}
